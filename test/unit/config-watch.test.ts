/** `metrics`, `heartbeat`, `credentials` and `notify`: what they are given, and what they must never do. */

import { describe, expect, it } from 'vitest'
import { complaintText } from '../../src/lib/errors.ts'
import { leastConfig, load, refusal } from '../support/config-files.ts'

const URL_OF = 'https://hooks.example.com/workflows/1?sp=%2Ftriggers&sig=zq-signature'
const configOf = (more: object) => ({ ...leastConfig(), ...more })
const notifyOf = (...hooks: object[]) =>
  configOf({ notify: hooks.map((hook) => ({ kind: 'webhook', url: URL_OF, ...hook })) })
const complaintsOf = async (config: unknown) =>
  (await refusal(config)).complaints.map((complaint) => complaintText(complaint))

describe('settings that tell others of a run', () => {
  it('are off until they are asked for', async () => {
    const settings = await load(leastConfig())
    expect(settings.metrics).toEqual({ labels: {} })
    expect(settings.heartbeat).toBeUndefined()
    expect(settings.notify).toEqual([])
    expect(settings.credentials).toEqual({ alarmDays: 30, known: [] })
  })

  it('the text file lies beside the settings and ends in .prom; labels are names that are free', async () => {
    const { metrics } = await load(configOf({ metrics: { textFile: 'a/b.prom', labels: { site: 'x' } } }))
    expect(metrics).toEqual({ textFile: '/srv/job/conf/a/b.prom', labels: { site: 'x' } })
    expect(await complaintsOf(configOf({ metrics: { textFile: 'a.txt' } }))).toEqual([
      expect.stringMatching(/metrics\.textFile.*\.prom/),
    ])
    for (const label of ['command', 'pod', '__name__', 'a-b', '1a'])
      expect(await complaintsOf(configOf({ metrics: { labels: { [label]: 'x' } } }))).toHaveLength(1)
  })

  it('a webhook has tries, a time and every event by default; what is secret of it is never printed', async () => {
    const template = { key: 'zq-key', text: '{{title}}' }
    const { notify, warnings } = await load(notifyOf({ template, headers: { authorization: 'zq-token' } }))
    expect(notify).toMatchObject([{ kind: 'webhook', attempts: 3, timeoutMs: 10_000 }])
    expect(notify[0]?.on).toEqual(['failure', 'threshold', 'brake', 'expiry', 'credentials'])
    expect(notify[0]?.url.reveal()).toBe(URL_OF)
    expect(JSON.stringify(notify)).not.toContain('zq-')
    expect(warnings).toEqual([expect.stringMatching(/notify\[0\]\.url: a secret stands in the file/)])
  })

  it('an environment variable in a template is filled in, and a heartbeat by reference is no warning', async () => {
    const { notify, heartbeat, warnings } = await load(
      configOf({
        heartbeat: { url: `\${env:HEARTBEAT_URL}`, on: ['success'] },
        notify: [{ kind: 'webhook', url: `\${env:TEAMS_WEBHOOK_URL}`, template: { key: `\${env:ROUTING_KEY}` } }],
      }),
    )
    expect(notify[0]?.template?.reveal()).toBe('{"key":"canary-9e4c-never-printed"}')
    expect(heartbeat).toMatchObject({ on: ['success'], timeoutMs: 10_000 })
    expect(warnings).toEqual([])
  })

  it.each([
    'http://hooks.example.com/a',
    'ftp://hooks.example.com/a',
    'https://user:word@hooks.example.com/a',
    'https://hooks.example.com/a#b',
    'https://hooks.example.com:99999/a',
    'http://127.0.0.1.example.com/a',
    'not a url',
  ])('%s is refused, and not repeated', async (url) => {
    for (const config of [notifyOf({ url }), configOf({ heartbeat: { url } })]) {
      const complaints = await complaintsOf(config)
      expect(complaints).toHaveLength(1)
      expect(complaints[0]).toMatch(/url: found .*; expected an https URL/)
      expect(complaints[0]).not.toContain(url)
    }
  })

  it.each(['https://hooks.example.com', 'http://127.0.0.1:8080/a?b=c', 'http://[::1]/a', URL_OF])(
    '%s is taken',
    async (url) => {
      expect((await load(notifyOf({ url }))).notify[0]?.url.reveal()).toBe(url)
    },
  )

  it('a template and headers belong to webhooks alone, and placeholders to the list', async () => {
    expect(
      await complaintsOf(notifyOf({ kind: 'teams', template: { a: 'b' } }, { kind: 'slack', headers: { a: 'b' } })),
    ).toEqual([expect.stringMatching(/notify\[0\]\.template/), expect.stringMatching(/notify\[1\]\.headers/)])
    const [complaint, ...others] = await complaintsOf(notifyOf({ template: { a: [{ b: '{{title}} {{ouid}}' }] } }))
    expect(others).toEqual([])
    expect(complaint).toMatch(
      /notify\[0\]\.template: found a placeholder that nobody fills in; expected only .*\{\{run\}\}/,
    )
  })
})
