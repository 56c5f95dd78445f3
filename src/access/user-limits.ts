import type { User as ConfiguredUser } from '../config/schema.ts'
import type { AddressesLimit } from './address-window.ts'
import type { QuotaPeriod } from './quota-period.ts'

/** A set of networks, however it looks them up. */
export interface NetworkSet {
  has(address: string): boolean
}

export interface Quota {
  readonly bytes: number
  readonly period: QuotaPeriod
  /** Bytes a second in each direction once it is used up; undefined: sessions end. */
  readonly throttle: number | undefined
}

/** What a user may; every absent limit is none. Times in Unix seconds, rates in bytes a second. */
export interface UserLimits {
  readonly expires?: number | undefined
  readonly lifetimeSeconds?: number | undefined
  readonly from?: NetworkSet | undefined
  readonly sessions?: number | undefined
  readonly addresses?: AddressesLimit | undefined
  readonly rate?: { readonly up?: number | undefined; readonly down?: number | undefined } | undefined
  readonly quota?: Quota | undefined
}

type Configured = Pick<
  ConfiguredUser,
  'expires' | 'lifetime' | 'from' | 'sessions' | 'addresses' | 'rate' | 'quota'
>

/** Undefined for a user without limits: such a user must cost nothing. */
export function limitsOf(
  user: Configured,
  networks: (list: readonly string[]) => NetworkSet,
): UserLimits | undefined {
  const { expires, lifetime, from, sessions, addresses, rate, quota } = user
  const limits: UserLimits = {
    expires: expires === undefined ? undefined : Math.ceil(expires / 1000),
    lifetimeSeconds: lifetime === undefined ? undefined : Math.ceil(lifetime / 1000),
    from: from.length === 0 ? undefined : networks(from),
    sessions,
    addresses: addresses && {
      max: addresses.max,
      windowSeconds: Math.ceil(addresses.window / 1000),
      ipv4: addresses.ipv4_prefix,
      ipv6: addresses.ipv6_prefix,
      reportOnly: addresses.then === 'report',
    },
    rate: rate?.up === undefined && rate?.down === undefined ? undefined : rate,
    quota: quota && quotaOf(quota),
  }
  return Object.values(limits).every((limit) => limit === undefined) ? undefined : limits
}

function quotaOf(quota: NonNullable<Configured['quota']>): Quota {
  return {
    bytes: quota.bytes,
    period: periodOf(quota.period, quota.reset_day),
    throttle: quota.then === 'throttle' ? quota.throttle : undefined,
  }
}

function periodOf(period: NonNullable<Configured['quota']>['period'], resetDay: number): QuotaPeriod {
  if (typeof period === 'number') return { kind: 'span', seconds: Math.max(1, Math.round(period / 1000)) }
  return period === 'month' || period === 'week' ? { kind: period, resetDay } : { kind: period }
}
