/** What an operator is told about a bucket that fails: what was found, which permission is missing, what to do. */

import type { AssumedRole } from '../config/settings.ts'
import { CodedError, type Complaint, type ErrorCode } from '../lib/errors.ts'
import { objectDamaged } from './object-store.ts'
import { type Failure, failureOf, failureText, isExpired, mayPass, shownCause } from './s3-failure.ts'

/** What the words are about. */
export interface BucketNames {
  readonly bucket: string
  readonly requestPayer: boolean
  readonly assumeRole?: AssumedRole
}

type Explanation = Complaint & { readonly code: ErrorCode }

/** AWS: what S3 answers to credentials that it does not know or whose signature is wrong, whatever is asked for. */
const CREDENTIALS_REFUSED = new Set(['InvalidAccessKeyId', 'SignatureDoesNotMatch', 'InvalidSecurity', 'NotSignedUp'])

/** AWS: what S3 answers to a clock that is more than 15 minutes off. */
const CLOCK_OFF = new Set(['RequestTimeTooSkewed', 'RequestExpired', 'RequestInTheFuture'])

/** AWS: what S3 answers for a bucket or an account that is closed to everybody. */
const CLOSED = new Set(['AllAccessDisabled', 'AccountProblem'])

const isDenied = ({ code, status }: Failure): boolean => code === 'AccessDenied' || status === 401 || status === 403

/** The error of a listing that failed: `source-forbidden` or `source-unreadable`. */
export function listingError(error: unknown, names: BucketNames): CodedError {
  const failure = failureOf(error)
  return coded(credentialsTrouble(failure, names) ?? bucketTrouble(failure, names), error)
}

/**
 * The error of an object that cannot be read: `object-damaged`, but `source-forbidden` or `source-unreadable` where
 * the trouble is not the object's.
 */
export function readingError(key: string, error: unknown, names: BucketNames): CodedError {
  const failure = failureOf(error)
  const trouble = credentialsTrouble(failure, names)
  if (trouble !== undefined) return coded(trouble, error)
  if (failure.code === 'NoSuchBucket') return coded(bucketTrouble(failure, names), error)
  const cause = { cause: shownCause(error) }
  if (failure.status === 412) return objectDamaged(key, 'another version: it was replaced while it was read', cause)
  if (failure.status === 404) return objectDamaged(key, 'that it is gone', cause)
  const explained = objectTrouble(key, failure, names)
  return explained === undefined ? objectDamaged(key, failureText(failure), cause) : coded(explained, error)
}

/** Why an object cannot be written, in one phrase for `archive-unwritable`. */
export function writingTrouble(error: unknown, names: BucketNames): string {
  const failure = failureOf(error)
  const trouble = credentialsTrouble(failure, names)
  if (trouble !== undefined) return `${trouble.where}: ${trouble.found} (${trouble.expected})`
  if (!isDenied(failure)) return failureText(failure)
  const permission = failure.permission ?? (failure.aboutKey ? 'kms:GenerateDataKey' : 's3:PutObject')
  return `${failureText(failure)}: ${permission} is not granted`
}

function coded({ code, ...complaint }: Explanation, error: unknown): CodedError {
  return new CodedError(code, [complaint], { cause: shownCause(error) })
}

/** Trouble with who we are; `undefined` where it is something else. */
function credentialsTrouble(failure: Failure, names: BucketNames): Explanation | undefined {
  if (failure.origin === 'role') return roleTrouble(failure, names)
  const found = failureText(failure)
  if (failure.origin === 'credentials') {
    if (failure.network) return tokenServiceTrouble(found, names)
    return {
      code: 'source-forbidden',
      where: `credentials for bucket ${names.bucket}`,
      found: `none (${found})`,
      expected: 'AWS credentials in the environment, a profile, a web identity token or the instance',
      remedy: 'Give the process credentials that the AWS SDK finds, for example a service account with a role.',
    }
  }
  if (CLOCK_OFF.has(failure.code)) {
    return {
      code: 'source-forbidden',
      where: `bucket ${names.bucket}`,
      found,
      expected: 'a clock within 15 minutes of the server’s',
      remedy: 'Set the clock of this machine.',
    }
  }
  if (!CREDENTIALS_REFUSED.has(failure.code) && !isExpired(failure)) return undefined
  return {
    code: 'source-forbidden',
    where: `credentials for bucket ${names.bucket}`,
    found: isExpired(failure) ? `${found}, also after asking for new ones` : found,
    expected: 'credentials that are valid',
    remedy: 'Renew the credentials of this process (and check that key, secret and session token belong together).',
  }
}

function roleTrouble(failure: Failure, names: BucketNames): Explanation {
  const found = failureText(failure)
  if (mayPass(failure)) return tokenServiceTrouble(found, names)
  const code = 'source-forbidden'
  const where = `role ${names.assumeRole?.roleArn}`
  if (failure.aboutDuration) {
    return {
      code,
      where,
      found: `${found}: a session of ${names.assumeRole?.durationSeconds} s is not allowed`,
      expected: 'a duration within the role’s limit (one hour where a role assumes a role)',
      remedy: 'Lower `assumeRole.duration`.',
    }
  }
  if (isExpired(failure)) {
    return {
      code,
      where,
      found: `${found}: the credentials that ask for the role are expired`,
      expected: 'credentials that are valid',
      remedy: 'Renew the credentials of this process.',
    }
  }
  return {
    code,
    where,
    found: `${found} when it was asked for`,
    expected: `the permission ${failure.permission ?? 'sts:AssumeRole'} on it, on our side and in its trust policy`,
    remedy: 'Check the ARN, the external id, our own policy, and with the bucket’s owner that our account is trusted.',
  }
}

function tokenServiceTrouble(found: string, { bucket, assumeRole }: BucketNames): Explanation {
  return {
    code: 'source-unreadable',
    where: assumeRole === undefined ? `credentials for bucket ${bucket}` : `role ${assumeRole.roleArn}`,
    found: `${found} from the service that gives credentials`,
    expected: 'an answer',
    remedy: 'Check the network and `region`; run again later.',
  }
}

function bucketTrouble(failure: Failure, names: BucketNames): Explanation {
  const where = `bucket ${names.bucket}`
  const found = failureText(failure)
  if (isDenied(failure) || CLOSED.has(failure.code)) {
    const permission = failure.permission ?? 's3:ListBucket'
    return {
      code: 'source-forbidden',
      where,
      found: `${found} while listing it`,
      expected: `the permission ${permission} for ${who(names)}`,
      remedy: `Grant it on the bucket${payHint(names)}.`,
    }
  }
  const gone = failure.code === 'NoSuchBucket' || failure.status === 404
  const moved = failure.status === 301 || failure.status === 307
  return {
    code: 'source-unreadable',
    where,
    found: gone ? `that it does not exist (${found})` : `${found} while listing it`,
    expected: 'a bucket that can be listed',
    remedy: gone
      ? 'Check `bucket` and `endpoint`.'
      : moved
        ? 'Set `region` to the region of the bucket.'
        : 'Check `endpoint` and the network; run again later.',
  }
}

/** Trouble of one object that needs more words than its code; `undefined` where the code says all. */
function objectTrouble(key: string, failure: Failure, names: BucketNames): Explanation | undefined {
  const found = failureText(failure)
  const code = 'object-damaged'
  if (failure.code === 'InvalidObjectState') {
    return {
      code,
      where: key,
      found: `${found}: it was moved to an archive class (Glacier)`,
      expected: 'an object that can be read at once',
      remedy: 'Have the object restored (s3:RestoreObject), then run again; its partition stays pending.',
    }
  }
  if (failure.aboutKey) {
    return {
      code,
      where: key,
      found: `${found}: its encryption key (KMS) is disabled, gone or refused`,
      expected: `an enabled key in the bucket’s region and the permission kms:Decrypt on it for ${who(names)}`,
      remedy: 'Have the key’s owner grant it in the key policy, then run again; its partition stays pending.',
    }
  }
  if (!isDenied(failure)) return undefined
  return {
    code,
    where: key,
    found,
    expected: `the permission ${failure.permission ?? 's3:GetObject'} for ${who(names)}`,
    remedy: `Grant it on the bucket’s objects (and kms:Decrypt where they are encrypted with a key)${payHint(names)}; its partition stays pending.`,
  }
}

const who = ({ assumeRole }: BucketNames): string => assumeRole?.roleArn ?? 'our credentials'

/** AWS: a Requester Pays bucket answers 403 to who does not say that they pay. */
const payHint = ({ requestPayer }: BucketNames): string => (requestPayer ? '' : ', or set `requestPayer`')
