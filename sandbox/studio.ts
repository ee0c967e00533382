import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Deployment } from './deployment.ts';
import { eventually } from './eventually.ts';
import { providers, type Provider } from './providers.ts';
import { startSandbox, startSystem, type Sandbox, type SandboxOptions, type System } from './system.ts';

export interface StageView {
  stage: 'lyric' | 'song' | 'video';
  status: string;
  revision: number;
  error?: { code: string; reason: string; retryable: boolean };
  output?: unknown;
}

export interface ProjectView {
  taskId: string;
  status: string;
  revision: number;
  error?: { code: string; reason: string; retryable: boolean };
  stages: StageView[];
}

export interface SimRequest {
  method: string;
  path: string;
  status: number | null;
  job?: string;
  body?: unknown;
  problems: string[];
}

export interface SimCallback {
  at: string;
  job: string;
  url: string;
  /** How it was answered. */
  status: number | null;
}

export interface SimLog {
  count: number;
  requests: SimRequest[];
  connections: {
    open: number;
    total: number;
    maxOpen: number;
    media: { open: number; total: number; maxOpen: number };
  };
}

/** Fast stand-ins, short leases and polls: what takes minutes in life takes seconds here. */
const ENV = {
  LOG_LEVEL: 'info',
  WORKER_LEASE_MS: '3000',
  WORKER_POLL_MS: '300',
  HTTP_TIMEOUT_MS: '2500',
  KAFKA_SESSION_TIMEOUT_MS: '6000',
  SUNO_CALLS_PER_10S: '10000',
  CREATOMATE_CALLS_PER_10S: '10000',
};

export interface Studio {
  sandbox: Sandbox;
  system: System;
  api(path: string, init?: RequestInit): Promise<Response>;
  /** Orders a film and answers its task id. */
  order(body?: object, key?: string): Promise<string>;
  project(taskId: string): Promise<ProjectView>;
  /** Waits until the project is no longer processing. */
  ended(taskId: string, timeoutMs?: number): Promise<ProjectView>;
  fault(provider: Provider, fault: object): Promise<void>;
  requests(provider: Provider, query?: string): Promise<SimLog>;
  /** Paid submits the provider took. */
  submits(provider: 'suno' | 'creatomate'): Promise<SimRequest[]>;
  /** What the provider called back so far. */
  callbacks(provider: 'suno' | 'creatomate'): Promise<SimCallback[]>;
  /** Ends the stand-ins' faults. */
  calm(): Promise<void>;
  /** Lets the stand-ins forget everything. */
  reset(): Promise<void>;
  close(): Promise<void>;
}

export interface StudioOptions
  extends Pick<Deployment, 'apps' | 'instances' | 'env' | 'appEnv'>, Pick<SandboxOptions, 'dir' | 'faultProxies'> {
  /** For the stand-ins. */
  sim?: Record<string, string>;
}

/** All five services as processes on real Kafka, MariaDB and Blob, with the providers' stand-ins. */
export async function startStudio(options: StudioOptions = {}): Promise<Studio> {
  const { apps, instances, env, appEnv, sim, faultProxies } = options;
  const dir = options.dir ?? (await mkdtemp(join(tmpdir(), 'castad-system-')));
  const sandbox = await startSandbox({
    dir,
    faultProxies,
    env: { ...process.env, SIM_RATE_LIMIT: 'off', SIM_TIME_SCALE: '0.005', ...sim },
  });
  const system = await startSystem({ sandbox, apps, instances, env: { ...ENV, ...env }, appEnv }).catch(
    async (error: unknown) => {
      await sandbox.stop();
      throw error;
    },
  );
  const simulate = async (provider: Provider, path: string, init?: RequestInit): Promise<unknown> => {
    const address = sandbox.parts.find(({ name }) => name === provider)?.address;
    const response = await fetch(`${address}/__sim/${path}`, init);
    if (!response.ok) throw new Error(`${provider} answered ${response.status}: ${await response.text()}`);
    return response.json();
  };
  const post = (body: object): RequestInit => ({
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

  const studio: Studio = {
    sandbox,
    system,
    api: (path, init) => fetch(system.gatewayUrl + path, init),
    order: async (body = {}, key) => {
      const init = post({
        businessName: 'Sea Breeze Stay',
        region: 'Gangneung',
        language: 'en',
        music: { durationSeconds: 10 },
        run: true,
        withoutPhotos: true,
        ...body,
      });
      const response = await studio.api('/v1/projects', {
        ...init,
        headers: { ...init.headers, ...(key && { 'idempotency-key': key }) },
      });
      if (response.status !== 202)
        throw new Error(`the order was answered ${response.status}: ${await response.text()}`);
      return ((await response.json()) as ProjectView).taskId;
    },
    project: async taskId => (await studio.api(`/v1/projects/${taskId}`)).json() as Promise<ProjectView>,
    ended: (taskId, timeoutMs = 60_000) =>
      eventually(async () => {
        const project = await studio.project(taskId);
        if (project.status === 'processing') throw new Error(`still processing: ${JSON.stringify(project.stages)}`);
        return project;
      }, timeoutMs),
    fault: async (provider, fault) => void (await simulate(provider, 'faults', post(fault))),
    requests: async (provider, query = '') => (await simulate(provider, `requests${query}`)) as SimLog,
    submits: async provider => {
      const path = provider === 'suno' ? '/api/v1/generate' : '/v2/renders';
      const { requests } = await studio.requests(provider, `?path=${path}&method=POST`);
      return requests.filter(({ job }) => job !== undefined);
    },
    callbacks: async provider => ((await simulate(provider, 'callbacks')) as { callbacks: SimCallback[] }).callbacks,
    calm: async () => {
      await Promise.all(providers.map(provider => simulate(provider, 'faults', { method: 'DELETE' })));
    },
    reset: async () => {
      await Promise.all(providers.map(provider => simulate(provider, 'reset', post({}))));
    },
    close: async () => {
      await system.stop();
      await sandbox.stop();
      if (!options.dir) await rm(dir, { recursive: true, force: true });
    },
  };
  return studio;
}
