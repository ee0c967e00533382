import { randomBytes } from 'node:crypto';
import { cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessSpec } from '../managed-process.ts';
import { freePort } from '../ports.ts';
import { accepts } from '../probes.ts';
import type { ProcessTree } from '../process-tree.ts';
import { cached } from './cache.ts';
import { ensureJava, waysOut } from './java.ts';
import { dependencies } from './maven.ts';

const version = 'kafka-4.3.0';

/** How clients have to approach a broker that listens with SASL over TLS. */
export interface Security {
  /** More of server.properties: keys, mechanisms, users. */
  properties: string;
  /** SCRAM credentials, as `--add-scram` takes them. */
  scram: string[];
}

/** A Kafka broker of its own: one node, broker and controller in one. It may be told to name another address. */
export async function kafka(tree: ProcessTree, advertised?: string, security?: Security): Promise<ProcessSpec> {
  await ensureJava(tree, { maven: false });
  const jars = await dependencies(tree, { name: 'kafka', key: version, goal: 'copy-dependencies' });
  const address = await local();
  const dir = tree.data('kafka');
  const config = join(dir, 'server.properties');
  mkdirSync(dir, { recursive: true });
  const listener = security ? 'SASL_SSL' : 'PLAINTEXT';
  const own: Listeners = { CONTROLLER: await local(), ...(security && { INTERNAL: await local() }) };
  const text = properties(dir, { [listener]: address, ...own }, { [listener]: advertised ?? address, ...own });
  writeFileSync(config, text + (security?.properties ?? ''));

  const java = (...args: string[]) => ({ name: 'kafka', command: 'java', args: ['-cp', join(jars, '*'), ...args] });
  // With `=`: the id may begin with a dash.
  const clusterId = `--cluster-id=${randomBytes(16).toString('base64url')}`;
  const scram = (security?.scram ?? []).flatMap(credential => ['--add-scram', credential]);
  const format = () =>
    tree.run(java('-XX:TieredStopAtLevel=1', 'kafka.tools.StorageTool', 'format', clusterId, '-c', config, ...scram));
  await (security ? format() : formatOnce(join(dir, 'log'), format));
  const tuning = ['-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Dlog4j2.level=INFO'];
  return {
    ...java(...tuning, 'kafka.Kafka', config),
    address,
    isReady: async () => (await accepts(address)) && hasStarted(tree.logFile('kafka')),
    graceMs: 10_000,
    next: waysOut,
  };
}

/** Formatting takes a Java of its own, and brokers without users are all formatted alike. */
async function formatOnce(logs: string, format: () => Promise<void>) {
  const formatted = await cached(`${version}-formatted`, async draft => {
    await format();
    cpSync(logs, draft, { recursive: true });
  });
  cpSync(formatted, logs, { recursive: true });
}

/** Kafka accepts connections before it can serve them; its log, to which every start is added, says when it can. */
function hasStarted(log: string): boolean {
  const text = readFileSync(log, 'utf8');
  return text.lastIndexOf('Kafka Server started') > text.lastIndexOf('Registered signal handlers');
}

async function local(): Promise<string> {
  return `127.0.0.1:${await freePort()}`;
}

/** Addresses by the name of the listener. */
type Listeners = Record<string, string>;

/** Only the listener for clients is ever secured. */
function properties(dir: string, listeners: Listeners, { CONTROLLER, ...advertised }: Listeners): string {
  const list = (named: Listeners) => Object.entries(named).map(([name, address]) => `${name}://${address}`);
  return `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@${CONTROLLER}
controller.listener.names=CONTROLLER
listeners=${list(listeners).join()}
advertised.listeners=${list(advertised).join()}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,SASL_SSL:SASL_SSL,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT
inter.broker.listener.name=${Object.keys(advertised).at(-1)}
log.dirs=${join(dir, 'log')}
auto.create.topics.enable=false
offsets.topic.replication.factor=1
offsets.topic.num.partitions=8
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
# A broker that was killed may come back only when its old session is over.
broker.session.timeout.ms=4000
broker.heartbeat.interval.ms=500
`;
}
