import { fuzz } from './fuzz.ts'
const a = process.argv
const get = (n: string, d: number): number => { const i = a.indexOf(n); return i < 0 ? d : Number(a[i+1]) }
const seeds = get('--seeds', 100), first = get('--seed', 1)
const trace = a.includes('--trace')
process.emitWarning = () => {}
const t0 = performance.now()
let ev = 0, calls = 0, commits = 0
const broken: Record<string, number[]> = {}
for (let s = first; s < first + (trace ? 1 : seeds); s++) {
  const r = await fuzz({ seed: s, trace })
  ev += r.events; calls += r.calls; commits += r.commits
  if (r.violation) { (broken[r.violation.promise] ??= []).push(s); if (broken[r.violation.promise]!.length <= 3) console.log(s, r.violation.message) }
  if (trace) console.log(r.trace.join('\n'))
}
console.log(Object.entries(broken).map(([p, l]) => `${p}: ${l.length} (${l.slice(0, 8).join(' ')})`).join('\n'))
console.log({ ev, calls, commits, ms: performance.now() - t0 })
