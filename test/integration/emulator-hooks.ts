/** Registers webhooks with the emulator as a client does: look-ups, endpoint, step, image. */
import { expect } from 'vitest'
import type { EmulatorSeed } from '../../src/emulator/seed.ts'
import { nameGuid } from '../../src/emulator/state.ts'
import { type Answer, type Caller, id } from './emulator-caller.ts'

/** Two contacts with columns that a mapping would write. */
export const HOOK_SEED: EmulatorSeed = {
  columns: {
    contacts: [
      { type: 'text', name: 'new_ouid', maxLength: 50 },
      { type: 'boolean', name: 'new_newsletter' },
      { type: 'text', name: 'new_long', maxLength: 1_000_000 },
    ],
  },
  keys: [{ table: 'contact', schemaName: 'new_OuidKey', columns: ['new_ouid'] }],
  rows: {
    contacts: [1, 2].map((n) => ({ contactid: id(n), new_ouid: `u${n}`, lastname: 'Lovelace', jobtitle: 'old' })),
  },
}

/** Status and error code of an answer. */
export function code(answer: Answer): unknown[] {
  return [answer.status, answer.json?.error?.code]
}

/** The id that the emulator gives a message or a message filter. */
export function hookId(name: string): string {
  return nameGuid(name)
}

/** Makes endpoints that point at one receiver, and what hangs on them. */
export class HookMaker {
  readonly #caller: Caller
  readonly #url: string

  constructor(caller: Caller, url: string) {
    this.#caller = caller
    this.#url = url
  }

  async postEndpoint(changes: object = {}): Promise<Answer> {
    const authvalue = '<settings><setting name="x-webhook-key" value="a&amp;b"/></settings>'
    const body = { name: 'hook', url: this.#url, contract: 8, authtype: 5, authvalue, ...changes }
    return this.#caller.post('serviceendpoints', body)
  }

  /** The id of a new endpoint. */
  async endpoint(changes: object = {}): Promise<string> {
    return idOf(await this.postEndpoint(changes))
  }

  async postStep(changes: object = {}, message = 'Update', endpoint?: string): Promise<Answer> {
    return this.#caller.post('sdkmessageprocessingsteps', {
      name: 'step',
      stage: 40,
      mode: 1,
      rank: 1,
      supporteddeployment: 0,
      asyncautodelete: false,
      'eventhandler_serviceendpoint@odata.bind': `/serviceendpoints(${endpoint ?? (await this.#anyEndpoint())})`,
      'sdkmessageid@odata.bind': `/sdkmessages(${hookId(`message ${message}`)})`,
      'sdkmessagefilterid@odata.bind': `/sdkmessagefilters(${hookId(`filter ${message} contact`)})`,
      ...changes,
    })
  }

  /** The id of a new step on contact. */
  async step(changes: object = {}, message = 'Update', endpoint?: string): Promise<string> {
    return idOf(await this.postStep(changes, message, endpoint))
  }

  async postImage(step: string, changes: object = {}): Promise<Answer> {
    return this.#caller.post('sdkmessageprocessingstepimages', {
      name: 'post',
      entityalias: 'post',
      imagetype: 1,
      messagepropertyname: 'Target',
      attributes: 'jobtitle',
      'sdkmessageprocessingstepid@odata.bind': `/sdkmessageprocessingsteps(${step})`,
      ...changes,
    })
  }

  /** The id of a new image. */
  async image(step: string, changes: object = {}): Promise<string> {
    return idOf(await this.postImage(step, changes))
  }

  async #anyEndpoint(): Promise<string> {
    return this.endpoint()
  }
}

function idOf(answer: Answer): string {
  expect([answer.status, answer.text]).toEqual([204, ''])
  return /\(([^)]+)\)$/.exec(answer.headers.get('odata-entityid') ?? '')?.[1] ?? ''
}
