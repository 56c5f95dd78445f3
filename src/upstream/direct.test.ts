import { upstreamCompliance } from '../../test/compliance/upstream.ts'
import { straight } from '../../test/doubles/proxy-dialects.ts'
import { DirectUpstream } from './direct.ts'

upstreamCompliance({
  name: 'direct',
  make: (_server, resources, bind) => new DirectUpstream({ name: 'direct', bind }, resources),
  dialect: straight,
  isStraight: true,
  targets: ['localhost', '127.0.0.1', '::1'],
  garbage: [],
})

upstreamCompliance({
  name: 'direct, bound',
  make: (_server, resources, bind = '127.0.0.7') => new DirectUpstream({ name: 'direct', bind }, resources),
  dialect: straight,
  isStraight: true,
  targets: ['127.0.0.1'],
  cannotReach: ['::1'],
  garbage: [],
})
