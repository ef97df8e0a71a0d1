/** The tarball that `npm pack` makes, installed offline into a folder outside of the checkout. */
import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** `typescript-5` stands for the many who have not moved yet; some options exist there only. */
export type Compiler = 'typescript' | 'typescript-5'

export interface Ran {
  readonly status: number | null
  readonly output: string
}

export class Installation {
  readonly folder: string = mkdtempSync(join(tmpdir(), 'infuse-package-'))
  readonly tarball: string

  constructor() {
    this.must('npm', ['pack', '--ignore-scripts', '--silent', '--pack-destination', this.folder], root)
    this.tarball = join(this.folder, readdirSync(this.folder).find((file) => file.endsWith('.tgz')) ?? '')
    this.install('first')
    this.install('second')
    const fixtures = fileURLToPath(new URL('fixtures', import.meta.url))
    cpSync(fixtures, this.project('first'), { recursive: true })
    cpSync(join(fixtures, 'consumer.ts'), join(this.project('first'), 'consumer.cts'))
  }

  project(name: string): string {
    return join(this.folder, name)
  }

  /** Where the package stands once installed. */
  package(name: string): string {
    return join(this.project(name), 'node_modules', 'infuse-breaker')
  }

  node(...args: string[]): Ran {
    return this.#run(process.execPath, args, this.project('first'))
  }

  /** The command line, as npm put it on the path of the first project's scripts. */
  infuse(...args: string[]): Ran {
    return this.#run(join(this.project('first'), 'node_modules/.bin/infuse'), args, this.project('first'))
  }

  /** Compiles one file of the first project, by options of its own. */
  tsc(file: string, options: Readonly<Record<string, unknown>>, compiler: Compiler = 'typescript'): Ran {
    const config = `tsconfig.${file}.json`
    const compilerOptions = {
      target: 'es2022',
      lib: ['es2022'],
      module: 'nodenext',
      types: [],
      typeRoots: [join(root, 'node_modules', '@types')],
      strict: true,
      exactOptionalPropertyTypes: true,
      skipLibCheck: false,
      outDir: 'out',
      ...options,
    }
    writeFileSync(join(this.project('first'), config), JSON.stringify({ compilerOptions, files: [file] }))
    return this.node(join(root, 'node_modules', compiler, 'bin', 'tsc'), '-p', config)
  }

  install(name: string): void {
    mkdirSync(this.project(name))
    writeFileSync(join(this.project(name), 'package.json'), JSON.stringify({ name, private: true, type: 'module' }))
    const flags = ['--offline', '--ignore-scripts', '--no-audit', '--no-fund']
    this.must('npm', ['install', ...flags, this.tarball], this.project(name))
  }

  must(command: string, args: readonly string[], cwd: string): void {
    const { status, output } = this.#run(command, args, cwd)
    if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${output}`)
  }

  #run(command: string, args: readonly string[], cwd: string): Ran {
    const { NODE_OPTIONS: _, NODE_PATH: __, VITEST: ___, ...env } = process.env
    const { status, stdout, stderr } = spawnSync(command, args, { cwd, env, encoding: 'utf8' })
    return { status, output: `${stdout}${stderr}` }
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
