/** Which Entra ID cloud an environment's host belongs to (Dataverse: datacenter regions, national clouds). */

const AUTHORITY_HOSTS: ReadonlyArray<readonly [suffix: string, host: string]> = [
  ['.crm.microsoftdynamics.us', 'login.microsoftonline.us'],
  ['.crm.appsplatform.us', 'login.microsoftonline.us'],
  ['.dynamics.cn', 'login.partner.microsoftonline.cn'],
]

/** The authority URL of a tenant for an environment's host name; the public cloud where the host says nothing. */
export function authorityFor(hostname: string, tenantId: string): string {
  const host = AUTHORITY_HOSTS.find(([suffix]) => hostname.toLowerCase().endsWith(suffix))?.[1]
  return `https://${host ?? 'login.microsoftonline.com'}/${tenantId}`
}
