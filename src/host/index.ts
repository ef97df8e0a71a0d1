// The processes of one machine share circuits; nothing to install.

export { HostStorage, type HostStorageOptions } from './storage.ts'
