// HostStorage at either end of the socket.
import { afterAll, beforeAll, describe, it } from 'vitest'
import { HostStorage } from '../../src/host/index.ts'
import { storageConformance } from '../../src/testing/conformance.ts'
import { Folder } from '../host/processes.ts'

const folder = new Folder()
afterAll(() => folder[Symbol.dispose]())

describe('HostStorage that serves', () => {
  for (const { name, run } of storageConformance(() => new HostStorage({ path: folder.socket }))) it(name, run)
})

describe('HostStorage that another one serves', () => {
  const path = `${folder.path}/served.sock`
  const owner = new HostStorage({ path })
  beforeAll(async () => void (await owner.read([])))
  afterAll(() => owner.dispose())

  for (const { name, run } of storageConformance(() => new HostStorage({ path }))) it(name, run)
})
