import { failed } from './api-error.ts';
import { events, type EventsOptions } from './events.ts';
import { type EventView, getProject, type ProjectView } from './generated/index.ts';

export interface WaitOptions extends Omit<EventsOptions, 'projectId' | 'after'> {
  /** Told of each event meanwhile. */
  onEvent?: (event: EventView) => void;
}

const ends = new Set(['TaskCompleted', 'TaskFailed', 'TaskCancelled']);

/**
 * The project as soon as no order of it is running: completed, waiting for an approval, failed or cancelled.
 * @throws ApiError when a request is refused; the signal's reason when it is aborted
 */
export async function waitFor(projectId: string, options: WaitOptions = {}): Promise<ProjectView> {
  let project = await read(projectId, options);
  if (project.status !== 'processing') return project;
  for await (const event of events({ ...options, projectId })) {
    options.onEvent?.(event);
    if (!ends.has(event.type) || event.revision < project.revision) continue;
    project = await read(projectId, options);
    if (project.status !== 'processing') return project;
  }
  throw options.signal?.reason;
}

async function read(projectId: string, { client, signal }: WaitOptions): Promise<ProjectView> {
  const path = { projectId };
  const { data, error, response } = await getProject({ path, ...(client && { client }), ...(signal && { signal }) });
  if (!data) throw failed(error, response);
  return data;
}
