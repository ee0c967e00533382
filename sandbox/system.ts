import {
  appsOf,
  built,
  checkBuild,
  environments,
  next,
  places,
  prepare,
  serviceFlags,
  type Deployment,
} from './deployment.ts';
import { works } from './probes.ts';
import type { Log } from './process-tree.ts';

export { startSandbox, type Sandbox, type SandboxOptions } from './sandbox.ts';

const stopMs = 25_000;

export interface SystemOptions extends Deployment {
  log?: Log;
}

export interface ServiceProcess {
  readonly name: string;
  readonly instance: number;
  /** Undefined while it is down. */
  readonly pid: number | undefined;
  readonly url: string;
}

/** The running services. */
export interface System {
  gatewayUrl: string;
  services: ServiceProcess[];
  /** Sends a signal; if it is a deadly one, waits for the end and says how it came. The service is started again. */
  kill(name: string, signal: NodeJS.Signals, instance?: number): Promise<string | undefined>;
  /** Stops a service until `startService`; says how it ended. */
  stopService(name: string, instance?: number): Promise<string>;
  startService(name: string, instance?: number): Promise<void>;
  /** Of one service, or of all. */
  waitReady(name?: string): Promise<void>;
  stop(): Promise<void>;
}

/** Migrates the databases, makes the topics, and starts the built services until all are ready. */
export async function startSystem(options: SystemOptions): Promise<System> {
  const { tree } = options.sandbox;
  const { log = tree.log } = options;
  checkBuild(options);
  log(`Preparing databases and topics for ${appsOf(options).join(', ')} ...`);
  await prepare(options);

  const all = await places(options);
  const environmentOf = environments(options, all);
  const running = all.map(place => {
    const { name, instance, url } = place;
    const managed = tree.add({
      name: `${name}-${instance}`,
      command: process.execPath,
      args: [...serviceFlags, built(options, `apps/${name}/main.js`)],
      env: environmentOf(place),
      address: url,
      isReady: () => works(url),
      graceMs: stopMs,
      next,
    });
    return {
      ...{ name, instance, url, managed },
      get pid() {
        return managed.pid;
      },
    };
  });

  const stop = async () => void (await Promise.all(running.map(({ managed }) => tree.remove(managed))));
  try {
    await Promise.all(running.map(({ managed }) => managed.start()));
  } catch (error) {
    await stop();
    throw error;
  }
  for (const { managed } of running) log(`${managed.name} runs at ${managed.address}`);

  const find = (name: string, instance = 1) => {
    const found = running.find(service => service.name === name && service.instance === instance);
    if (!found) throw new Error(`no ${name} ${instance} in this system`);
    return found.managed;
  };
  return {
    gatewayUrl: running.find(({ name }) => name === 'gateway')?.url ?? '',
    services: running,
    kill: (name, signal, instance) => find(name, instance).kill(signal),
    stopService: (name, instance) => find(name, instance).stop(),
    startService: (name, instance) => find(name, instance).start(),
    waitReady: async name => {
      const awaited = running.filter(service => !name || service.name === name);
      await Promise.all(awaited.map(({ managed }) => managed.waitReady()));
    },
    stop,
  };
}
