// npm run fleet-report: what a fleet does on real parts, measured. Writes bench/results/fleet.md and fleet.json.
import { build, buildTools, insist, run } from './process.mjs'

insist(await build())
insist(await buildTools())
const { status } = await run(process.execPath, ['build/scripts/fleet-report.js', ...process.argv.slice(2)], {
  show: true,
})
process.exitCode = status
