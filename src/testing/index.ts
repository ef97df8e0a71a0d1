// What users need to test code that holds a breaker, and to test a storage of their own.

export { ManualClock } from './clock.ts'
export { type ConformanceCase, storageConformance } from './conformance.ts'
export type { ConformanceOptions } from './conformance/subject.ts'
export {
  type SimulatedLineOptions,
  SimulatedStorage,
  type SimulatedStorageOptions,
  type SimulatedTraffic,
} from './simulated.ts'
export { type SimulatedClock } from './simulated-clock.ts'
export { type SimulatedCommands, type SimulatedServer } from './simulated-server.ts'
