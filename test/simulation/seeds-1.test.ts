// In two files, so that two cores share them.
import { seeds } from './seeds.ts'

seeds(1, 10)
