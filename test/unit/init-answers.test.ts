/** Answers: flags first, then questions where somebody can answer, and a usage error for what stays open. */

import { describe, expect, it } from 'vitest'
import { answersOf } from '../../src/init/answers.ts'

const DEFAULTS = { secretVariable: 'SECRET', didomiSecretVariable: 'KEY' }
const GIVEN = {
  ...DEFAULTS,
  ...{ mode: 'consent', instance: 'https://a.crm4.dynamics.com', tenant: 't', clientId: 'c', source: './exports' },
}
const ANSWERS = {
  ...{
    mode: 'consent',
    instance: 'https://a.crm4.dynamics.com',
    tenantId: 't',
    clientId: 'c',
    secretVariable: 'SECRET',
  },
  source: { kind: 'directory', directory: './exports' },
}

/** Answers in turn, and remembers what was asked. */
function asking(...answers: string[]) {
  const asked: string[] = []
  const ask = async (question: string) => {
    asked.push(question)
    return answers.shift() ?? ''
  }
  return { asked, ask }
}

describe('answers', () => {
  it('are taken from flags, and then nothing is asked', async () => {
    const { ask, asked } = asking()
    expect(await answersOf(GIVEN, ask)).toEqual(ANSWERS)
    expect(asked).toEqual([])
    const didomi = { didomiOrganization: 'acme', didomiKey: 'k', didomiApi: 'https://didomi.example.com/v1' }
    expect(await answersOf({ ...GIVEN, ...didomi }, ask)).toEqual({
      ...ANSWERS,
      didomi: { organizationId: 'acme', key: 'k', secretVariable: 'KEY', apiRoot: 'https://didomi.example.com/v1' },
    })
    expect(asked).toEqual([])
  })

  it('are asked for one after the other, and what may be left open is', async () => {
    const { ask, asked } = asking('consent', ' https://a.crm4.dynamics.com ', 't', 'c', 's3://bucket/data/', '')
    expect(await answersOf(DEFAULTS, ask)).toEqual({
      ...ANSWERS,
      source: { kind: 's3', bucket: 'bucket', prefix: 'data/' },
    })
    expect(asked).toHaveLength(6)
    const more = asking('./exports', 'acme', 'k')
    const { source: _, ...rest } = GIVEN
    expect((await answersOf(rest, more.ask)).didomi).toEqual({
      organizationId: 'acme',
      key: 'k',
      secretVariable: 'KEY',
    })
    expect(more.asked).toHaveLength(3)
  })

  it.each([
    [{ mode: undefined }, '--mode'],
    [{ mode: 'both' }, '--mode'],
    [{ source: ' ' }, '--source'],
    [{ authentication: '[]' }, '--authentication'],
    [{ didomiOrganization: 'acme' }, '--didomi-key'],
    [{ didomiKey: 'k' }, '--didomi-organization'],
  ])('%o is a usage error', async (change, flag) => {
    const { mode, ...rest } = { ...GIVEN, ...change }
    const flags = mode === undefined ? rest : { ...rest, mode }
    await expect(answersOf(flags, undefined)).rejects.toMatchObject({ code: 'usage', complaints: [{ where: flag }] })
  })
})
