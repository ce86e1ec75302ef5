/** What the identity provider tells about itself. */
import type { ApiReply } from './api-message.ts'
import { oauthReply } from './entra-refusal.ts'

/** Answers the two documents that clients look for; undefined for any other path. `origin` is this server's. */
export function discoveryReply(path: string, origin: string): ApiReply | undefined {
  if (path === '/common/discovery/instance') return instances(origin)
  const tenant = /^\/([\w.-]+)(?:\/v2\.0)?\/\.well-known\/openid-configuration$/.exec(path)?.[1]
  return tenant === undefined ? undefined : openIdConfiguration(origin, tenant)
}

function openIdConfiguration(origin: string, tenant: string): ApiReply {
  return oauthReply(200, {
    token_endpoint: `${origin}/${tenant}/oauth2/v2.0/token`,
    authorization_endpoint: `${origin}/${tenant}/oauth2/v2.0/authorize`,
    end_session_endpoint: `${origin}/${tenant}/oauth2/v2.0/logout`,
    jwks_uri: `${origin}/${tenant}/discovery/v2.0/keys`,
    issuer: `${origin}/${tenant}/v2.0`,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'private_key_jwt'],
  })
}

function instances(origin: string): ApiReply {
  const { host } = new URL(origin)
  return oauthReply(200, {
    tenant_discovery_endpoint: `${origin}/common/v2.0/.well-known/openid-configuration`,
    'api-version': '1.1',
    metadata: [{ preferred_network: host, preferred_cache: host, aliases: [host] }],
  })
}
