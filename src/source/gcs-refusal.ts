/** Why a bucket, an object or the search for a token refuses us, and what mends it. */

import { CodedError, type Complaint, type ErrorCode } from '../lib/errors.ts'
import { type Failure, failureOf, failureText, mayPass, shownCause } from './gcs-failure.ts'
import { objectDamaged } from './object-store.ts'

/** What the words are about. */
export interface BucketNames {
  readonly bucket: string
  readonly endpoint?: string
  readonly keyFile?: string
  readonly userProject?: string
}

type Explanation = Complaint & { readonly code: ErrorCode }

/** The error of a listing that failed: `source-forbidden` or `source-unreadable`. */
export function listingError(error: unknown, names: BucketNames): CodedError {
  const failure = failureOf(error)
  return coded(accessTrouble(failure, names, 'storage.objects.list') ?? bucketTrouble(failure, names), error)
}

/**
 * The error of an object that cannot be read: `object-damaged`, but `source-forbidden` or `source-unreadable` where the
 * trouble is not the object's.
 */
export function readingError(key: string, error: unknown, names: BucketNames): CodedError {
  const failure = failureOf(error)
  if (failure.aboutKey) return coded(keyTrouble(key, failure), error)
  const trouble = accessTrouble(failure, names, 'storage.objects.get')
  // The listing was allowed: what one object refuses is that object's, and keeps no other from being read.
  const ofObject = failure.status === 403 && failure.origin !== 'credentials' && !isAboutPaying(failure)
  if (trouble !== undefined)
    return coded(ofObject ? { ...trouble, code: 'object-damaged', where: key } : trouble, error)
  if (failure.aboutBucket) return coded(bucketTrouble(failure, names), error)
  const cause = { cause: shownCause(error) }
  if (failure.status === 412) return objectDamaged(key, 'another version: it was replaced', cause)
  // Google: a version that was replaced is gone, unless the bucket keeps versions.
  if (failure.status === 404) return objectDamaged(key, 'that this version is gone: it was replaced or removed', cause)
  return objectDamaged(key, failureText(failure), cause)
}

/** Why an object cannot be written, in one phrase for `archive-unwritable`. */
export function writingTrouble(error: unknown, names: BucketNames): string {
  const failure = failureOf(error)
  if (failure.aboutKey) {
    const { found, expected } = keyTrouble('', failure)
    return `${found} (${expected})`
  }
  const trouble = accessTrouble(failure, names, 'storage.objects.create')
  if (trouble === undefined) return failureText(failure)
  return `${trouble.found} at ${trouble.where} (expected ${trouble.expected})`
}

function coded({ code, ...complaint }: Explanation, error: unknown): CodedError {
  return new CodedError(code, [complaint], { cause: shownCause(error) })
}

/** Trouble with who we are, or with what we may; `undefined` where it is something else. */
function accessTrouble(failure: Failure, names: BucketNames, needed: string): Explanation | undefined {
  const found = failureText(failure)
  if (failure.origin === 'credentials') return tokenTrouble(failure, names)
  if (mayPass(failure)) return undefined
  const where = `bucket ${names.bucket}`
  if (failure.aboutPayer) {
    return {
      code: 'source-forbidden',
      where,
      found: `${found}: it is a Requester Pays bucket`,
      expected: 'a project that pays, and the permission serviceusage.services.use on it',
      remedy: 'Set `userProject` to a project of yours.',
    }
  }
  if (failure.status === 401) {
    return {
      code: 'source-forbidden',
      where,
      found,
      expected: 'credentials that are valid',
      remedy: `Renew ${credentialsText(names)}, and check the clock of this machine.`,
    }
  }
  if (failure.status !== 403) return undefined
  const { userProject } = names
  const mayPay = userProject === undefined ? '' : ` (and serviceusage.services.use on project ${userProject})`
  return {
    code: 'source-forbidden',
    where,
    found,
    expected: `the permission ${failure.permission ?? needed} for our credentials${failure.permission === undefined ? mayPay : ''}`,
    remedy: remedyOf(failure.permission ?? needed, names),
  }
}

const isAboutPaying = ({ aboutPayer, permission }: Failure): boolean =>
  aboutPayer || (permission?.startsWith('serviceusage.') ?? false)

function remedyOf(permission: string, { bucket, userProject }: BucketNames): string {
  if (permission.startsWith('serviceusage.')) {
    return `Grant the role Service Usage Consumer on project ${userProject ?? 'that pays'}, or change \`userProject\`.`
  }
  return `Grant it on bucket ${bucket}: the role Storage Object Viewer holds what reading needs, Storage Object User what writing needs.`
}

/** No token: none to be found, refused, or no answer from what gives it. */
function tokenTrouble(failure: Failure, names: BucketNames): Explanation {
  const found = failureText(failure)
  const where = `credentials for bucket ${names.bucket}`
  if (mayPass(failure)) {
    return {
      code: 'source-unreadable',
      where,
      found: `${found} from the service that gives tokens`,
      expected: 'an answer',
      remedy: 'Check the network; run again later.',
    }
  }
  if (failure.status !== undefined) {
    return {
      code: 'source-forbidden',
      where,
      found: `${found}: the service that gives tokens refuses`,
      expected: 'an access token',
      remedy: `Check ${credentialsText(names)}: is the key still valid, does the identity pool trust this workload, is the clock right?`,
    }
  }
  return {
    code: 'source-forbidden',
    where,
    found: failure.code === 'NoCredentials' ? 'none' : `${found} while reading them`,
    expected: 'a key file, or application default credentials',
    remedy:
      names.keyFile === undefined
        ? 'Set `keyFile`, or `GOOGLE_APPLICATION_CREDENTIALS`, or give the workload a service account.'
        : `Check that ${names.keyFile} is there, may be read, and is what Google Cloud made.`,
  }
}

function bucketTrouble(failure: Failure, { bucket, endpoint }: BucketNames): Explanation {
  const gone = failure.status === 404
  return {
    code: 'source-unreadable',
    where: `bucket ${bucket}`,
    found: gone ? `that it does not exist (${failureText(failure)})` : `${failureText(failure)} while listing it`,
    expected: 'a bucket that can be listed',
    remedy: gone
      ? `Check \`bucket\`${endpoint === undefined ? '' : ' and `endpoint`'}.`
      : 'Check `endpoint` and the network; run again later.',
  }
}

function keyTrouble(key: string, failure: Failure): Explanation {
  return {
    code: 'object-damaged',
    where: key,
    found: `${failureText(failure)}: its encryption key (Cloud KMS) is disabled, gone or refused`,
    expected: 'an enabled key that the Cloud Storage service agent of the bucket’s project may use',
    remedy:
      'Have the key enabled, and the role Cloud KMS CryptoKey Encrypter/Decrypter granted; its partition stays pending.',
  }
}

const credentialsText = ({ keyFile }: BucketNames): string =>
  keyFile === undefined ? 'the application default credentials' : `the key file ${keyFile}`
