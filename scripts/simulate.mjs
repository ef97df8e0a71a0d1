// npm run simulate: the fleet in virtual time, with the arguments that follow `--`.
import { buildTools, insist, run } from './process.mjs'

insist(await buildTools())
const { status } = await run(process.execPath, ['build/simulation/main.js', ...process.argv.slice(2)], { show: true })
process.exitCode = status
