// npm start: the demo, with the arguments that follow `--`. It runs in this process, so that a signal meant for it
// reaches it: a wrapper that died of one would leave the services running.
import { build, buildDemo, insist } from './process.mjs'

insist(await build())
insist(await buildDemo())
const demo = '../build/demo/main.js'
await import(demo)
