/** The npm package `dynamics-web-api`, unmodified, signed in to an emulator by the emulator's own token endpoint. */
import { DynamicsWebApi } from 'dynamics-web-api'
import { askToken, type Caller, id, openCaller } from '../integration/emulator-caller.ts'

/** An emulator with one contact, whose id has an alternate key, and the client that nobody here wrote. */
export interface DynamicsWorld {
  readonly caller: Caller
  readonly client: DynamicsWebApi
}

/** Whoever opens it closes the caller's emulator. */
export async function openDynamicsWorld(): Promise<DynamicsWorld> {
  const caller = await openCaller({
    seed: {
      columns: { contacts: [{ type: 'text', name: 'new_ouid', maxLength: 50 }] },
      keys: [{ table: 'contact', schemaName: 'new_OuidKey', columns: ['new_ouid'] }],
      rows: { contacts: [{ contactid: id(1), emailaddress1: "o'hara@example.com", new_ouid: 'u1' }] },
    },
  })
  const { url } = caller.emulator
  const client = new DynamicsWebApi({
    serverUrl: url,
    dataApi: { version: '9.2' },
    onTokenRefresh: async () => {
      const { access_token: token } = (await (await askToken(url)).json()) as { access_token: string }
      return token
    },
  })
  return { caller, client }
}
