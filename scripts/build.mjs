// npm run build: src/ as dist/. Silent when all is well, so that the output of `npm pack` stays its own.
import { build, insist } from './process.mjs'

insist(await build())
