/** Who we are to Google Cloud Storage: the search for credentials, and tokens that are renewed in time. */

import { CredentialsTrouble } from './gcs-failure.ts'

/** What every request is signed with. */
export interface GcsCredentials {
  /**
   * The headers that prove who asks, with a token that is valid for some minutes more. Throws `CredentialsTrouble`.
   */
  headers(): Promise<Readonly<Record<string, string>>>
  /** Forgets the token and where it came from: the next headers are looked for anew. */
  forget(): void
}

/**
 * No request of ours needs a project. Without one the library would look for it, and fail: it runs `gcloud`, asks the
 * metadata server and last a service of Google's that a federated workload is seldom let into.
 */
const NO_PROJECT = 'not-needed'

/**
 * Finds credentials as Google's own library does: the key file if there is one; else the application default
 * credentials, which are the file named by `GOOGLE_APPLICATION_CREDENTIALS`, that of `gcloud`, or the machine's metadata
 * server. Either file may be a service account's key or describe a workload identity federation (`external_account`).
 * The files are read again after `forget`, so that a key that was exchanged is found.
 *
 * Of the library only this is used. Its transfers cannot be stopped by a signal, an upload that is given up keeps its
 * socket for ever, and a download whose error answer breaks off never ends.
 */
export function gcsCredentials(options: { readonly keyFile?: string; readonly projectId?: string }): GcsCredentials {
  const { keyFile, projectId } = options
  const search = async () => {
    // Half a second of loading, which nobody waits for who keeps nothing at Google.
    const { Storage } = await import('@google-cloud/storage')
    return new Storage({
      projectId: projectId ?? NO_PROJECT,
      ...(keyFile !== undefined && { keyFilename: keyFile }),
    }).authClient
  }
  let found: ReturnType<typeof search> | undefined
  return {
    headers: async () => {
      try {
        found ??= search()
        const headers = { ...(await (await found).getRequestHeaders()) }
        // A key file that is no JSON is taken for a bare key, which signs nothing.
        if (headers['Authorization'] === undefined) throw new Error('no token')
        return headers
      } catch (error) {
        throw new CredentialsTrouble(error)
      }
    },
    forget: () => {
      found = undefined
    },
  }
}
