/** A running moto: an AWS with S3, IAM and STS that checks signatures and policies. */

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3'

import { muteNodeWarning, type TestBucket, testBucket } from '../support/s3-server.ts'

export const REGION = 'eu-central-1'
const ACCOUNT = '123456789012'

export interface KeyPair {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export interface Moto {
  readonly endpoint: string
  /** Makes a bucket, handled by a user who may do all. */
  makeBucket(): Promise<TestBucket>
  /** Makes a user with a policy that allows these actions. */
  makeUser(...actions: readonly string[]): Promise<KeyPair>
  /** Makes a role with a policy that allows these actions, and answers its ARN. */
  makeRole(...actions: readonly string[]): Promise<string>
  /** The sessions that roles have had. */
  sessions(): Promise<ReadonlyArray<{ readonly session_name: string; readonly external_id: string }>>
  /** From now on no signature and no policy is checked. moto computes the signatures of keys that are not ASCII wrongly. */
  trustAll(): Promise<void>
  /** Ends all sessions of roles: AWS's `ExpiredToken`. */
  endSessions(): Promise<void>
  close(): Promise<void>
}

/** Lets the adapter find a user's keys where it looks for them, and the token service. */
export function actAs({ accessKeyId, secretAccessKey }: KeyPair, { endpoint }: Moto): void {
  const nowhere = join(tmpdir(), 'no-such-aws-file')
  Object.assign(process.env, {
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    AWS_ENDPOINT_URL_STS: endpoint,
    AWS_EC2_METADATA_DISABLED: 'true',
    AWS_CONFIG_FILE: nowhere,
    AWS_SHARED_CREDENTIALS_FILE: nowhere,
  })
}

/** Starts a server on a free port of loopback. From its first user on it checks every request. */
export async function startMoto(): Promise<Moto> {
  const folder = process.env['MOTO_FOLDER']
  if (folder === undefined) throw new Error('MOTO_FOLDER is not set: run test/moto/run.sh')
  muteNodeWarning()
  const child = spawn('/usr/bin/python3', [join(import.meta.dirname, 'server.py'), '-H', '127.0.0.1', '-p', '0'], {
    env: { PYTHONPATH: join(folder, 'root/usr/lib/python3/dist-packages'), PATH: process.env['PATH'] },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const endpoint = await endpointOf(child)
  const post = async (path: string, body = '') => {
    const answer = await fetch(`${endpoint}${path}`, { method: 'POST', body })
    if (!answer.ok) throw new Error(`moto answers ${answer.status} to ${path}`)
  }
  const iam = (form: Readonly<Record<string, string>>) => askIam(endpoint, form)
  let made = 0

  const makeUser = async (...actions: readonly string[]): Promise<KeyPair> => {
    made += 1
    const UserName = `user-${made}`
    await post('/moto-api/reset-auth', 'inf')
    await iam({ Action: 'CreateUser', UserName })
    await iam({ Action: 'PutUserPolicy', UserName, PolicyName: 'policy', PolicyDocument: allowing(actions) })
    const keys = await iam({ Action: 'CreateAccessKey', UserName })
    await post('/moto-api/reset-auth', '0')
    return { accessKeyId: elementOf(keys, 'AccessKeyId'), secretAccessKey: elementOf(keys, 'SecretAccessKey') }
  }

  const client = new S3Client({
    endpoint,
    region: REGION,
    forcePathStyle: true,
    credentials: await makeUser('*'),
    requestChecksumCalculation: 'WHEN_REQUIRED',
  })
  return {
    endpoint,
    makeUser,
    makeBucket: async () => {
      made += 1
      const bucket = `bucket-${made}`
      const place = { LocationConstraint: REGION } as const
      await client.send(new CreateBucketCommand({ Bucket: bucket, CreateBucketConfiguration: place }))
      return testBucket(client, bucket)
    },
    makeRole: async (...actions) => {
      made += 1
      const RoleName = `role-${made}`
      await post('/moto-api/reset-auth', 'inf')
      await iam({ Action: 'CreateRole', RoleName, AssumeRolePolicyDocument: allowing(['sts:AssumeRole']) })
      await iam({ Action: 'PutRolePolicy', RoleName, PolicyName: 'policy', PolicyDocument: allowing(actions) })
      await post('/moto-api/reset-auth', '0')
      return `arn:aws:iam::${ACCOUNT}:role/${RoleName}`
    },
    sessions: async () => {
      const models = (await (await fetch(`${endpoint}/moto-api/data.json`)).json()) as {
        sts: { AssumedRole: Array<{ session_name: string; external_id: string }> }
      }
      return models.sts.AssumedRole
    },
    trustAll: () => post('/moto-api/reset-auth', 'inf'),
    endSessions: () => post('/end-sessions'),
    close: async () => {
      client.destroy()
      const ended = once(child, 'exit')
      child.kill()
      await ended
    },
  }
}

const allowing = (actions: readonly string[]): string =>
  JSON.stringify({ Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: actions, Resource: '*' }] })

/** Calls IAM; moto knows the service by the signature's scope, and checks no signature while users are made. */
async function askIam(endpoint: string, form: Readonly<Record<string, string>>): Promise<string> {
  const authorization = `AWS4-HMAC-SHA256 Credential=AKIANOBODY/20260101/${REGION}/iam/aws4_request, SignedHeaders=host, Signature=none`
  const body = new URLSearchParams({ Version: '2010-05-08', ...form })
  const answer = await fetch(endpoint, { method: 'POST', headers: { authorization }, body })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`IAM answers ${answer.status} to ${form['Action']}: ${text}`)
  return text
}

function elementOf(xml: string, name: string): string {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1]
  if (text === undefined) throw new Error(`no ${name} in an answer of IAM`)
  return text
}

/** Waits for the line that names the port; what comes after it must be read too, lest the server block. */
async function endpointOf({ stderr }: ChildProcess): Promise<string> {
  if (stderr === null) throw new Error('moto has no output')
  const lines = createInterface({ input: stderr })
  const said: string[] = []
  return new Promise((resolve, reject) => {
    lines.on('line', (line) => {
      said.push(line)
      const endpoint = /Running on (http:\/\/127\.0\.0\.1:\d+)/.exec(line)?.[1]
      if (endpoint !== undefined) resolve(endpoint)
    })
    lines.on('close', () => reject(new Error(`moto ended: ${said.join('\n')}`)))
  })
}
