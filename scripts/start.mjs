// npm start: the demo, with the arguments that follow `--`.
import { build, buildTools, insist, run } from './process.mjs'

insist(await build())
insist(await buildTools())
const { status } = await run(process.execPath, ['build/demo/main.js', ...process.argv.slice(2)], { show: true })
process.exitCode = status
