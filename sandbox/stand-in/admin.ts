import { json, type Call, type Handler, type Reply } from './call.ts';
import type { Connections } from './connections.ts';
import type { Faults } from './faults.ts';
import { readable, type RequestLog } from './request-log.ts';

/** What the admin API looks at and turns. */
export interface Admin {
  provider: { jobs(): unknown[]; callbacks(): unknown[]; reset(): void };
  faults: Faults;
  log: RequestLog;
  connections: Connections;
}

export function adminRoutes({ provider, faults, log, connections }: Admin): Record<string, Handler> {
  return {
    'GET /__sim/requests': call => {
      const found = log.find({ path: call.query.get('path'), method: call.query.get('method') });
      const summary = { count: found.length, connections: connections.report() };
      return json(200, isCount(call) ? summary : { ...summary, requests: found.map(readable) });
    },
    'GET /__sim/jobs': call => listed(call, 'jobs', provider.jobs()),
    'GET /__sim/callbacks': call => listed(call, 'callbacks', provider.callbacks()),
    'GET /__sim/faults': call => listed(call, 'faults', faults.list()),
    'POST /__sim/faults': call => {
      const complaint = faults.add(call.body);
      return complaint ? json(400, { error: complaint }) : json(201, { faults: faults.list() });
    },
    'DELETE /__sim/faults': () => {
      faults.clear();
      return json(200, { faults: [] });
    },
    'POST /__sim/reset': () => {
      faults.clear();
      log.clear();
      connections.reset();
      provider.reset();
      return json(200, { reset: true });
    },
  };
}

const isCount = (call: Call) => call.query.get('count') === 'true';

function listed(call: Call, name: string, items: unknown[]): Reply {
  return json(200, isCount(call) ? { count: items.length } : { count: items.length, [name]: items });
}
