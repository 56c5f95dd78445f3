// What it costs to try a secret on a hello, one at a time and as a search does: node bench/candidates.ts [USERS]
import { createHmac, randomBytes } from 'node:crypto'
import { HelloProver } from '../src/access/hello-prover.ts'
import { Users } from '../src/access/users.ts'
import { readClientHello } from '../src/protocol/tls/client-hello.ts'
import { digestChallenge } from '../src/protocol/tls/digest.ts'
import { strangeHello } from '../test/probes/hellos.ts'

const USERS = Number(process.argv[2] ?? 1000)
/** Of which the best counts: this machine may have other work. */
const ROUNDS = 60
/** In which the runtime translates what runs. */
const WARM_UP = 20

const settings = Array.from({ length: USERS }, (_, index) => ({
  name: `user${index}`,
  secret: randomBytes(16).toString('hex'),
  enabled: true,
}))
const keys = new Users(settings).all.map((user) => user!.keys[0]!)
const reading = readClientHello(strangeHello())
if (reading.state !== 'complete') throw new Error('the hello is not whole')
const challenge = digestChallenge(reading.hello)
const prover = new HelloProver()

/** A hello's preparation is part of each. */
const ways = {
  'createHmac for each': () => {
    const { message } = challenge.input
    for (const { secret } of keys) createHmac('sha256', secret).update(message).digest()
  },
  'two hashes for each': () => {
    const { one } = prover.of(challenge)
    for (const key of keys) one(key)
  },
  'four at a time': () => {
    const { some, most = 1 } = prover.of(challenge)
    for (let from = 0; from < keys.length; from += most) some!(keys.slice(from, from + most))
  },
}

type Way = keyof typeof ways
const names = Object.keys(ways) as Way[]
const times = Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<Way, number[]>
for (let round = -WARM_UP; round < ROUNDS; round++) {
  for (const name of names) {
    const began = performance.now()
    ways[name]()
    if (round >= 0) times[name].push(((performance.now() - began) * 1000) / USERS)
  }
}
const cost = (name: Way) => Math.min(...times[name])
for (const name of names) {
  const ratio = cost(name) / cost('two hashes for each')
  console.log(
    `${name}: ${cost(name).toFixed(2)} µs a candidate (${ratio.toFixed(2)} of two hashes), ${USERS} users`,
  )
}
