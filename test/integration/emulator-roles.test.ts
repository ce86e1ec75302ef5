/** Roles of the emulator: made, given privileges, asked for them (Dataverse: AddPrivilegesRole, RetrieveRolePrivilegesRole). */
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DEFAULT_BUSINESS_UNIT_ID, WRITER_ROLE_ID } from '../../src/emulator/seed-ids.ts'
import { type Caller, id, openCaller } from './emulator-caller.ts'

let caller: Caller

beforeEach(async () => {
  caller = await openCaller()
})
afterEach(() => caller.emulator.close())

const held = (role: string) => caller.get(`RetrieveRolePrivilegesRole(RoleId=${role})`)
const add = (role: string, body: unknown) =>
  caller.post(`roles(${role})/Microsoft.Dynamics.CRM.AddPrivilegesRole`, body)

async function idOf(name: string): Promise<string> {
  const answer = await caller.get(`privileges?$select=privilegeid&$filter=${encodeURIComponent(`name eq '${name}'`)}`)
  return answer.json.value[0]?.privilegeid
}

it('knows a privilege for each verb of each table, and those of metadata, by the ids that users are told', async () => {
  const names = ['prvReadContact', 'prvAppendTomsdynmkt_purpose', 'prvReadEntity', 'prvReadSdkMessageFilter']
  const list = encodeURIComponent(JSON.stringify(names))
  const { UserId } = (await caller.get('WhoAmI')).json
  const message = 'Microsoft.Dynamics.CRM.RetrieveUserSetOfPrivilegesByNames'
  const told = await caller.get(`systemusers(${UserId})/${message}(PrivilegeNames=@p1)?@p1=${list}`)
  for (const { PrivilegeName, PrivilegeId } of told.json.RolePrivileges)
    expect(await idOf(PrivilegeName)).toBe(PrivilegeId)
  expect(told.json.RolePrivileges).toHaveLength(names.length)
  expect(await idOf('prvReadNothing')).toBeUndefined()
})

describe('a role', () => {
  let role: string

  beforeEach(async () => {
    const bind = { 'businessunitid@odata.bind': `/businessunits(${DEFAULT_BUSINESS_UNIT_ID})` }
    const made = await caller.post('roles', { name: 'Reader', ...bind })
    expect(made.status).toBe(204)
    role = /\(([\w-]+)\)$/.exec(made.headers.get('odata-entityid') ?? '')?.[1] ?? ''
  })

  it('holds nothing, then what was added, each once and at its last depth', async () => {
    expect((await held(role)).json.RolePrivileges).toEqual([])
    const read = await idOf('prvReadContact')
    const write = await idOf('prvWriteContact')
    const local = { Privileges: [{ PrivilegeId: read, Depth: 'Local' }] }
    expect((await add(role, local)).status).toBe(204)
    const both = [
      { PrivilegeId: read, Depth: 'Global' },
      { PrivilegeId: write, Depth: '3', BusinessUnitId: DEFAULT_BUSINESS_UNIT_ID },
    ]
    expect((await add(role, { Privileges: both })).status).toBe(204)
    const told = (name: string, privilege: string) => ({
      Depth: 'Global',
      PrivilegeId: privilege,
      BusinessUnitId: DEFAULT_BUSINESS_UNIT_ID,
      PrivilegeName: name,
    })
    const answer = await held(role)
    expect(answer.json.RolePrivileges).toEqual([told('prvReadContact', read), told('prvWriteContact', write)])
    expect((await held(WRITER_ROLE_ID)).json.RolePrivileges).toEqual([])
    expect(caller.emulator.world.counters().operations).toMatchObject({
      AddPrivilegesRole: 2,
      RetrieveRolePrivilegesRole: 3,
    })
  })

  it('gets all of a call or none', async () => {
    const good = { PrivilegeId: await idOf('prvReadContact'), Depth: 'Global' }
    for (const bad of [
      { ...good, PrivilegeId: id(1) },
      { ...good, Depth: 3 },
      { ...good, Depth: 'Everything' },
    ]) {
      const answer = await add(role, { Privileges: [good, bad] })
      expect(answer.status).toBeGreaterThanOrEqual(400)
      expect(answer.json.error.message).not.toBe('')
    }
    expect((await add(role, { Privileges: good })).status).toBe(400)
    expect((await add(id(1), { Privileges: [good] })).status).toBe(404)
    expect((await held(role)).json.RolePrivileges).toEqual([])
    expect((await held(id(1))).status).toBe(404)
    expect((await held(`'${role}'`)).status).toBe(400)
  })

  it('is made, changed and read only by those who may', async () => {
    await caller.control('POST', 'seed', { withoutPrivileges: ['prvWriteRole', 'prvReadRole', 'prvCreateRole'] })
    const privilege = { PrivilegeId: await idOf('prvReadContact'), Depth: 'Global' }
    for (const [answer, name] of [
      [await add(role, { Privileges: [privilege] }), 'prvWriteRole'],
      [await held(role), 'prvReadRole'],
      [await caller.post('roles', { name: 'Other' }), 'prvCreateRole'],
    ] as const) {
      expect(answer.status).toBe(403)
      expect(answer.json.error.message).toContain(name)
    }
  })
})
