import type { Admitted } from '../access/admission.ts'
import type { User } from '../access/users.ts'
import { addressBytes } from '../protocol/ip-address.ts'
import { type ClientInit, makeDataCentreInit, openedCipher } from '../protocol/obfuscated2.ts'
import type { RecordStripper } from '../protocol/tls/record.ts'
import type { MiddleLink } from '../relay/middle-link.ts'
import type { RecordSizes } from '../relay/tls-writer.ts'
import type { Mode } from '../telemetry/catalogue.ts'
import type { House, SessionOwner, Visitor } from './house.ts'
import type { Stay } from './stay.ts'
import type { Tee } from './tee.ts'

/** A client that has proved its secret and said where it wants to go. */
export interface Opened {
  readonly user: User
  readonly admitted: Admitted
  readonly mode: Mode
  readonly init: ClientInit
  /** The client's payload behind its init that is here already. */
  readonly rest: Buffer
  /** Undefined: without FakeTLS. */
  readonly stripper: RecordStripper | undefined
  /** Of that site's records. */
  readonly sizes?: RecordSizes | undefined
  /** Number of the site whose answer it got, as configured. */
  readonly site: number
}

type RouteCode = Extract<Stay, { at: 'route' }>['code']

/** By a middle proxy or to the data centre, and on to the relay. Undefined: the session is being relayed. */
export async function route(
  opened: Opened,
  tee: Tee,
  visitor: Visitor,
  house: House,
): Promise<Stay | undefined> {
  const code = await find(opened, tee, visitor, house)
  return code && { at: 'route', code, mode: opened.mode }
}

async function find(
  opened: Opened,
  tee: Tee,
  visitor: Visitor,
  house: House,
): Promise<RouteCode | undefined> {
  const { user, init } = opened
  if (!house.goesByMiddle(user)) return toDataCentre(opened, tee, visitor, house)
  const found = await house.dialMiddle(init.dc, user, {
    transport: init.transport,
    client: { address: addressBytes(visitor.address) ?? Buffer.alloc(4), port: visitor.port },
    adTag: user.adTag,
  })
  if (found.ok) {
    const refused = refusal(tee, visitor, house)
    if (refused === undefined) return toMiddle(opened, found, tee, visitor, house)
    found.link.close()
    return refused
  }
  const { fallback } = house.settings
  const isTagged = user.adTag !== undefined
  if (fallback === 'never' || (fallback === 'untagged' && isTagged)) return 'no_road'
  house.counters.middleFallbacks.add(1, isTagged ? 'tagged' : 'untagged')
  if (isTagged) house.noticed('ad_tag_not_shown')
  return toDataCentre(opened, tee, visitor, house)
}

function toMiddle(
  opened: Opened,
  found: { readonly link: MiddleLink; readonly dc: number; readonly milliseconds: number },
  tee: Tee,
  visitor: Visitor,
  house: House,
): undefined {
  const { init, admitted, stripper, sizes, rest } = opened
  tee.leave()
  house.startMiddleRelay(
    {
      client: tee.client,
      link: found.link,
      transport: init.transport,
      stripper,
      sizes,
      decipher: init.decipher,
      cipher: openedCipher(init.toClient),
      frameLimit: house.settings.clientFrame,
      meter: admitted.meter,
    },
    {
      ...owner(opened, visitor, 'middle'),
      dialMilliseconds: found.milliseconds,
      init: Buffer.alloc(0),
      firstPayload: rest,
    },
  )
}

async function toDataCentre(
  opened: Opened,
  tee: Tee,
  visitor: Visitor,
  house: House,
): Promise<RouteCode | undefined> {
  const { user, admitted, init, stripper, sizes, rest } = opened
  const road = house.directory.road(init.dc)
  if (!road) return 'unknown_dc'
  const dialled = await house.dialTelegram(road, user, admitted.meter)
  if (!dialled.ok) return 'no_road'
  const refused = refusal(tee, visitor, house)
  if (refused !== undefined) {
    dialled.leg.destroy()
    return refused
  }
  const dc = Math.abs(road.dc) === Math.abs(init.dc) ? init.dc : road.dc
  const { wire, cipher } = makeDataCentreInit(
    { transport: init.transport, dc, toClient: init.toClient },
    house.random,
  )
  tee.leave()
  house.startRelay(
    {
      client: tee.client,
      dataCentre: dialled.leg,
      stripper,
      sizes,
      decipher: init.decipher,
      cipher,
      meter: admitted.meter,
    },
    {
      ...owner(opened, visitor, dialled.upstream.kind),
      dialMilliseconds: dialled.milliseconds,
      init: wire,
      firstPayload: rest,
    },
  )
  return undefined
}

/** What may have changed while somebody was dialled. */
function refusal(tee: Tee, visitor: Visitor, house: House): 'client_gone' | 'listed' | undefined {
  if (tee.clientGone) return 'client_gone'
  // The lists may have changed since the connection began, and from here on it would be a live session.
  return house.isListed(visitor) ? 'listed' : undefined
}

function owner({ user, admitted, site, init, mode }: Opened, visitor: Visitor, via: SessionOwner['via']) {
  return { visitor, user, admitted, site, dc: init.dc, mode, via }
}
