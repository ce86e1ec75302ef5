/** Are we let in, as whom, and by a clock that agrees? */

import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { AuthenticationSettings } from '../dataverse/authentication.ts'
import { CodedError } from '../lib/errors.ts'
import { type Check, counted, type Finding, failed, ok, orOk, unlessForbidden, warning } from './finding.ts'
import { skewFinding } from './skew.ts'
import type { TargetWorld } from './target-world.ts'

const DAY_MS = 86_400_000

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, number) => number)

/** How a user is called where there are several. */
const nameOf = (user: number, { target }: TargetWorld): string =>
  target.authentication.length === 1 ? '' : `user ${user + 1}: `

const credentials: Check<TargetWorld> = {
  id: 'credentials',
  title: 'credentials and their expiry',
  run: async (world) => {
    const { target, clock, settings } = world
    return Promise.all(
      target.authentication.map(async (one, user) => {
        const finding = await expiryOf(one, clock.now(), settings.credentials.alarmDays)
        return finding.status === 'skipped' ? finding : { ...finding, found: `${nameOf(user, world)}${finding.found}` }
      }),
    )
  },
}

async function expiryOf({ credential }: AuthenticationSettings, nowMs: number, alarmDays: number): Promise<Finding> {
  switch (credential.kind) {
    case 'secret':
      return ok('a client secret; when it expires is known to Entra ID alone (Certificates & secrets)')
    case 'managed-identity':
      return ok('an identity of the machine, which Azure renews')
    case 'workload-identity':
      return tokenFileFinding(credential.tokenFile)
    case 'certificate':
      return credential.x5c === undefined
        ? ok('a certificate by its thumbprint; it is not here, so when it expires is known to Entra ID alone')
        : certificateFinding(credential.x5c.reveal(), nowMs, alarmDays)
  }
}

async function tokenFileFinding(path: string): Promise<Finding> {
  try {
    await readFile(path)
    return ok('a federated token, which the platform renews')
  } catch {
    const remedy = 'Check that the platform mounts it (service account, `workloadIdentity.tokenFile`).'
    return failed('authorisation', `a federated token that cannot be read at ${path}`, remedy)
  }
}

function certificateFinding(pem: string, nowMs: number, alarmDays: number): Finding {
  const remedy = 'Make a new certificate, add it to the app registration, and put it into the configuration.'
  let validTo: string
  try {
    // The chain begins with the certificate itself.
    ;({ validTo } = new X509Certificate(pem))
  } catch {
    return failed('configuration', '`x5c` that holds no certificate in PEM', 'Put the certificate chain there.')
  }
  const endsAtMs = Date.parse(validTo)
  const day = new Date(endsAtMs).toISOString().slice(0, 10)
  const daysLeft = Math.floor((endsAtMs - nowMs) / DAY_MS)
  if (endsAtMs <= nowMs) return failed('authorisation', `a certificate that expired on ${day}`, remedy)
  if (daysLeft < alarmDays)
    return warning(`a certificate that expires on ${day}, in ${counted(daysLeft, 'day')}`, remedy)
  return ok(`a certificate until ${day}`)
}

const token: Check<TargetWorld> = {
  id: 'token',
  title: 'token',
  needs: ['credentials'],
  run: async (world, signal) => {
    const { userCount } = world.dataverse.inspection
    for (const user of numbers(userCount)) {
      try {
        await world.signIn(user, signal)
      } catch (error) {
        // With these Dataverse itself has answered: there was a token, and the next check tells the rest.
        const came = error instanceof CodedError && (error.code === 'forbidden' || error.code === 'unauthenticated')
        if (!came) throw error
      }
    }
    return ok(counted(userCount, 'token').replace(/^1 token$/, 'given'))
  },
}

const user: Check<TargetWorld> = {
  id: 'user',
  title: 'application user',
  needs: ['token'],
  run: async (world, signal) => {
    const { inspection } = world.dataverse
    const identities = await Promise.all(numbers(inspection.userCount).map((number) => world.signIn(number, signal)))
    if (identities.length > 1) await world.dataverse.whoAreWe(signal)
    return unlessForbidden('table systemuser', async () => {
      const found = await inspection.users(
        identities.map(({ userId }) => userId),
        signal,
      )
      const findings = identities.flatMap(({ userId }, number) => {
        const own = found.find(({ id }) => id === userId)
        const name = nameOf(number, world)
        if (own === undefined || own.isApplication) return own?.namedDidomi === true ? [notDedicated(name)] : []
        return [
          warning(
            `${name}a user that is no application user`,
            'Create an application user for the app registration (Power Platform admin center): a person’s account has limits and a password of its own.',
          ),
        ]
      })
      return orOk(findings, counted(identities.length, 'application user').replace(/^1 /, 'an '))
    })
  },
}

const notDedicated = (name: string): Finding =>
  warning(
    `${name}an application user that is named after Didomi: is it the one that the native integration signs in as?`,
    'Register an app of its own for this program: otherwise its writes and those of the integration cannot be told apart.',
  )

const roles: Check<TargetWorld> = {
  id: 'roles',
  title: 'security roles',
  needs: ['user'],
  run: (world, signal) =>
    unlessForbidden('security roles', async () => {
      const { inspection } = world.dataverse
      const findings: Finding[] = []
      for (const number of numbers(inspection.userCount)) {
        const held = await inspection.roles((await world.signIn(number, signal)).userId, signal)
        if (held.some(({ isAdministrator }) => isAdministrator))
          findings.push(
            warning(
              `${nameOf(number, world)}the System Administrator role`,
              'Give the application user a role with the privileges that docs/operations.md lists, and take this one away.',
            ),
          )
      }
      return orOk(findings, 'no System Administrator among them')
    }),
}

const clock: Check<TargetWorld> = {
  id: 'clock',
  title: 'clock',
  needs: ['user'],
  run: async (world, signal) => {
    const { at, sentAtMs, answeredAtMs } = await world.signIn(0, signal)
    return skewFinding('Dataverse', at === undefined ? undefined : at / 1_000, sentAtMs, answeredAtMs)
  },
}

export const ACCESS_CHECKS: readonly Check<TargetWorld>[] = [credentials, token, user, roles, clock]
