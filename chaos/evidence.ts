import { readdirSync } from 'node:fs';
import type { RowDataPacket } from 'mysql2/promise';
import { services } from '../sandbox/databases.ts';
import type { Seen } from '../sandbox/records.ts';
import type { SimRequest } from '../sandbox/studio.ts';
import type { Expected, Scene } from './scene.ts';

export interface OrderRow {
  taskId: string;
  revision: number;
  status: string;
  lastStage: string;
  errorCode: string | null;
  errorReason: string | null;
}

export interface JobRow {
  service: string;
  table: string;
  taskId: string;
  revision: number;
  /** What tells it from other jobs of the same order: a film's format, a file's kind and ref. */
  ref: string;
  status: string;
  dueAt: unknown;
  leaseOwner: string | null;
  causeId: string;
  token?: string | null;
  jobId?: string | null;
  /** Of an asset's files. */
  paths: string[];
}

export interface Submit {
  provider: 'suno' | 'creatomate';
  jobId: string;
  token: string;
}

/** A callback that was answered with 200. */
export interface Callback {
  jobId: string;
  at: string;
}

/** All that can be known of a system at rest. */
export interface Evidence {
  films: Map<string, Expected>;
  orders: OrderRow[];
  jobs: JobRow[];
  /** Ids of handled messages, by service. */
  inbox: Map<string, Set<string>>;
  outbox: { service: string; taskId: string; topic: string }[];
  /** Events the gateway folded. */
  history: { taskId: string; eventId: string }[];
  /** Of all topics, in order per partition. */
  records: Seen[];
  /** Orders the paid providers took. */
  submits: Submit[];
  /** Of the paid providers. */
  callbacks: Callback[];
  blobs: string[];
  temporary: string[];
}

export async function gather(scene: Scene): Promise<Evidence> {
  const { films, studio } = scene;
  const jobs: JobRow[] = [];
  for (const [service, { columns, from }] of Object.entries(tables))
    jobs.push(...(await jobsIn(scene, service, columns, from)));
  const inbox = new Map<string, Set<string>>();
  const outbox: Evidence['outbox'] = [];
  for (const service of services) {
    const ids = await scene.sql<{ id: string }>(service, 'select id from inbox');
    inbox.set(service, new Set(ids.map(({ id }) => id)));
    const rows = await scene.sql<{ taskId: string; topic: string }>(service, 'select `key` taskId, topic from outbox');
    outbox.push(...rows.map(row => ({ service, ...row })));
  }
  return {
    films,
    orders: await scene.sql<OrderRow>(
      'gateway',
      `select task_id taskId, revision, status, last_stage lastStage, error_code errorCode, error_reason errorReason
       from task_order`,
    ),
    jobs,
    inbox,
    outbox,
    history: await scene.sql('gateway', 'select task_id taskId, event_id eventId from task_event'),
    records: await scene.everyRecord(),
    submits: [
      ...(await studio.submits('suno')).map(request => submit('suno', request)),
      ...(await studio.submits('creatomate')).map(request => submit('creatomate', request)),
    ],
    callbacks: [...(await studio.callbacks('suno')), ...(await studio.callbacks('creatomate'))]
      .filter(({ status }) => status === 200)
      .map(({ job, at }) => ({ jobId: job, at })),
    blobs: await scene.blobs(),
    temporary: readdirSync(scene.temporary, { recursive: true }).map(String),
  };
}

const paid = ', token, job_id jobId';
const tables: Record<string, { columns: string; from: string }> = {
  gateway: { from: 'task_order', columns: "'' ref" },
  'lyric-service': { from: 'lyric', columns: "'' ref" },
  'song-service': { from: 'song', columns: `'' ref${paid}` },
  'video-service': { from: 'video', columns: `format ref${paid}` },
  'storage-service': { from: 'asset', columns: "concat(kind, ' ', ref) ref, files" },
};

async function jobsIn(scene: Scene, service: string, columns: string, table: string): Promise<JobRow[]> {
  const rows = await scene.sql<RowDataPacket & JobRow>(
    service,
    `select task_id taskId, revision, status, due_at dueAt, lease_owner leaseOwner, cause_id causeId, ${columns}
     from ${table}`,
  );
  return rows.map(row => ({ ...row, service, table, paths: pathsIn(row.files) }));
}

/** A column of JSON is text to one kind of server and an object to the other. */
function pathsIn(files: unknown): string[] {
  const list = (typeof files === 'string' ? JSON.parse(files) : (files ?? [])) as { path: string }[];
  return list.map(({ path }) => path);
}

function submit(provider: Submit['provider'], { job, body }: SimRequest): Submit {
  const { callBackUrl, metadata } = body as { callBackUrl?: string; metadata?: string };
  return { provider, jobId: job ?? '', token: metadata ?? callBackUrl?.split('/').at(-1) ?? '' };
}
