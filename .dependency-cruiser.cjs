// Who may import whom. docs/architecture.md draws the same floors.

/** Rooms by floor, from the ground up. A room uses every room below its floor, none above and none beside. */
const FLOORS = [
  ['protocol', 'net', 'config', 'state', 'telemetry'],
  ['front', 'access', 'upstream', 'relay', 'control', 'import'],
  ['telegram'],
  ['session'],
  ['server'],
  ['cli'],
]

/** What a room's own line narrows or widens: file patterns inside src that replace "everything below". */
const ONLY = {
  // Codecs: nothing of ours.
  protocol: [],
  // Nothing of the floor it stands on, but the one shape in which the whole house writes an address.
  config: ['net/endpoint\\.ts$'],
  // The hot path: no configuration, no log, nothing that allocates behind its back.
  relay: ['protocol/', 'net/', 'telemetry/(counters|catalogue)\\.ts$'],
  // No sockets of any kind.
  access: ['protocol/', 'config/', 'telemetry/'],
  // Text in, text out.
  import: ['protocol/', 'config/'],
  telegram: ['protocol/', 'net/', 'config/', 'telemetry/', 'upstream/', 'relay/middle-link\\.ts$'],
}

const NOT_TESTS = '\\.test\\.ts$'
const rooms = FLOORS.flat()

const floorRules = FLOORS.flatMap((floor, height) => {
  const below = FLOORS.slice(0, height)
    .flat()
    .map((room) => `${room}/`)
  return floor.map((room) => ({
    name: `floor-of-${room}`,
    comment: `src/${room} stands on floor ${height + 1} and uses only what is below it`,
    severity: 'error',
    from: { path: `^src/${room}/`, pathNot: NOT_TESTS },
    to: { path: '^src/', pathNot: [`${room}/`, ...(ONLY[room] ?? below)].map((path) => `^src/${path}`) },
  }))
})

/** Node's own modules that open sockets, and the rooms that may have them all the same. */
const SOCKETS = '^(node:)?(net|tls|dgram|dns|dns/promises|http|http2|https|quic|inspector)$'
const SERVES_HTTP = '^src/(control|front/built-in)/'
const STARTS = '^(node:)?(worker_threads|child_process|cluster)$'

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    ...floorRules,
    {
      name: 'every-room-has-a-floor',
      comment: 'a new room is given its floor here and in docs/architecture.md first',
      severity: 'error',
      from: {},
      to: { path: '^src/', pathNot: `^src/(${rooms.join('|')})/` },
    },
    {
      name: 'protocol-is-pure',
      comment: 'codecs have no I/O, no clock and no randomness of their own',
      severity: 'error',
      from: { path: '^src/protocol/', pathNot: NOT_TESTS },
      to: { pathNot: ['^src/', '^(node:)?(crypto|buffer)$'] },
    },
    {
      name: 'only-net-has-sockets',
      comment: 'control and the built-in site are web servers: HTTP in its versions there, nothing below it',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/net/', SERVES_HTTP, NOT_TESTS] },
      to: { dependencyTypes: ['core'], path: SOCKETS },
    },
    {
      name: 'web-servers-only-serve-http',
      severity: 'error',
      from: { path: SERVES_HTTP, pathNot: NOT_TESTS },
      to: { dependencyTypes: ['core'], path: SOCKETS, pathNot: '^(node:)?(https?|http2)$' },
    },
    {
      name: 'only-cli-and-server-start-things',
      comment: 'the built-in site has a thread of its own, which it starts and is',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/(cli|server|front/built-in)/', NOT_TESTS] },
      to: { dependencyTypes: ['core'], path: STARTS },
    },
    {
      name: 'the-site-starts-threads-only',
      severity: 'error',
      from: { path: '^src/front/built-in/', pathNot: NOT_TESTS },
      to: { dependencyTypes: ['core'], path: STARTS, pathNot: '^(node:)?worker_threads$' },
    },
    {
      name: 'nobody-imports-cli',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/cli/' },
      to: { path: '^src/cli/' },
    },
    {
      name: 'src-stands-alone',
      comment: 'what tests need is not in a run-time install',
      severity: 'error',
      from: { path: '^src/', pathNot: NOT_TESTS },
      to: { path: ['^(test|bench|scripts)/', NOT_TESTS], dependencyTypesNot: ['core'] },
    },
    {
      name: 'run-time-packages-only',
      severity: 'error',
      from: { path: '^src/', pathNot: NOT_TESTS },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], pathNot: '^node_modules/@types/' },
    },
    {
      name: 'resolvable',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.mjs', '.js', '.json'],
    },
  },
}
