/** The page, served by the terminal's process from what the shops share: to watch, to force and to release. */
import { type Dashboard, serveDashboard } from 'infuse-breaker/admin'
import { type Meeting, openStorage } from './sharing.ts'

/** `url` has the token, which is good once. */
export async function openDashboard(meeting: Meeting): Promise<Dashboard> {
  const storage = await openStorage(meeting)
  const dashboard = await serveDashboard(storage, { actor: 'you' })
  const close = async (): Promise<void> => {
    await dashboard.close()
    await storage.dispose?.()
  }
  return { url: dashboard.url, port: dashboard.port, close }
}
