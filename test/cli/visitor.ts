// Who has opened the address that a dashboard printed: the token became a cookie, and the API is at hand.

export interface Visitor {
  readonly cookie: string
  text(path: string): Promise<string>
  get(path: string): Promise<unknown>
  post(path: string, body: object): Promise<unknown>
}

/** @throws Error for whatever is not answered as to somebody who may. */
export async function signIn(url: string): Promise<Visitor> {
  const { origin } = new URL(url)
  const greeted = await fetch(url, { redirect: 'manual' })
  const [cookie = ''] = greeted.headers.get('set-cookie')?.split(';') ?? []
  if (greeted.status !== 303 || cookie === '') throw new Error(`The token was answered ${greeted.status}`)
  const ask = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const headers = { cookie, origin, 'content-type': 'application/json' }
    const response = await fetch(new URL(path, origin), { ...init, headers })
    if (!response.ok) throw new Error(`${path} was answered ${response.status}: ${await response.text()}`)
    return response
  }
  return {
    cookie,
    text: async (path) => (await ask(path)).text(),
    get: async (path) => (await ask(path)).json(),
    post: async (path, body) => (await ask(path, { method: 'POST', body: JSON.stringify(body) })).json(),
  }
}
