import type { Sandbox, System } from '../sandbox/system.ts';
import { startSandbox, startSystem } from '../sandbox/system.ts';
import { eventually, Topics } from '@castad/testing';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface StageView {
  stage: 'lyric' | 'song' | 'video';
  status: string;
  revision: number;
  error?: { code: string; reason: string; retryable: boolean };
}

export interface ProjectView {
  taskId: string;
  status: string;
  revision: number;
  error?: { code: string; reason: string; retryable: boolean };
  stages: StageView[];
}

type Provider = 'openai' | 'suno' | 'creatomate';

interface SimRequest {
  method: string;
  path: string;
  status: number | null;
  job?: string;
  body?: unknown;
  problems: string[];
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

const BASE: Record<Provider, string> = {
  openai: 'OPENAI_BASE_URL',
  suno: 'SUNO_BASE_URL',
  creatomate: 'CREATOMATE_BASE_URL',
};

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
  topics: Topics;
  api(path: string, init?: RequestInit): Promise<Response>;
  /** Orders a film and answers its task id. */
  order(body?: object, key?: string): Promise<string>;
  project(taskId: string): Promise<ProjectView>;
  /** Waits until the project is no longer processing. */
  ended(taskId: string, timeoutMs?: number): Promise<ProjectView>;
  fault(provider: Provider, fault: object): Promise<void>;
  requests(provider: Provider, query?: string): Promise<SimLog>;
  /** Paid submits the provider took, for all films or those whose request mentions `text`. */
  submits(provider: 'suno' | 'creatomate'): Promise<SimRequest[]>;
  reset(): Promise<void>;
  close(): Promise<void>;
}

export interface StudioOptions {
  apps?: string[];
  instances?: Record<string, number>;
  env?: Record<string, string>;
  appEnv?: Record<string, Record<string, string>>;
  /** For the stand-ins. */
  sim?: Record<string, string>;
}

/** All five services as processes on real Kafka, MariaDB and Blob, with the providers' stand-ins. */
export async function startStudio({ apps, instances, env, appEnv, sim }: StudioOptions = {}): Promise<Studio> {
  const dir = await mkdtemp(join(tmpdir(), 'castad-system-'));
  const sandbox = await startSandbox({
    dir,
    env: { ...process.env, SIM_RATE_LIMIT: 'off', SIM_TIME_SCALE: '0.005', ...sim },
  });
  const system = await startSystem({ sandbox, apps, instances, env: { ...ENV, ...env }, appEnv }).catch(
    async (error: unknown) => {
      await sandbox.stop();
      throw error;
    },
  );
  const topics = new Topics(sandbox.env.KAFKA_BROKERS as string);
  await topics.provision();
  const base = (provider: Provider) => (sandbox.env[BASE[provider]] as string).replace(/\/v1$/, '');
  const sim_ = async (provider: Provider, path: string, init?: RequestInit): Promise<unknown> => {
    const response = await fetch(`${base(provider)}/__sim/${path}`, init);
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
    topics,
    api: (path, init) => fetch(system.gatewayUrl + path, init),
    order: async (body = {}, key) => {
      const init = post({
        businessName: 'Sea Breeze Stay',
        region: 'Gangneung',
        language: 'en',
        music: { durationSeconds: 10 },
        run: true,
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
    fault: async (provider, fault) => void (await sim_(provider, 'faults', post(fault))),
    requests: async (provider, query = '') => (await sim_(provider, `requests${query}`)) as SimLog,
    submits: async provider => {
      const path = provider === 'suno' ? '/api/v1/generate' : '/v2/renders';
      const { requests } = await studio.requests(provider, `?path=${path}&method=POST`);
      return requests.filter(({ job }) => job !== undefined);
    },
    reset: async () => {
      await Promise.all((['openai', 'suno', 'creatomate'] as const).map(provider => sim_(provider, 'reset', post({}))));
    },
    close: async () => {
      await topics.close();
      await system.stop();
      await sandbox.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
  return studio;
}
