import { type Stage as StageName, stages as stageNames } from '@castad/contracts';
import { isFinal } from '@castad/worker';
import type { Image } from './image.entity.ts';
import type { CancelledView, OrderView } from './order.dto.ts';
import type { Order } from './order.entity.ts';
import type {
  AttemptView,
  ErrorView,
  ImageView,
  ProjectStatus,
  ProjectSummaryView,
  ProjectView,
  StageView,
} from './project.dto.ts';
import type { Project } from './project.entity.ts';
import { Results } from './results.ts';
import type { Stage, StageStatus } from './stage.entity.ts';

export function orderView({ taskId, revision }: Order): OrderView {
  return { taskId, revision, status: 'processing' };
}

export function cancelledView({ taskId, revision }: Order, paid: StageName[]): CancelledView {
  return { taskId, revision, status: 'cancelled', paid };
}

export function imageView({ imageId, contentType, size }: Image): ImageView {
  return { assetId: imageId, contentType, size };
}

export function summaryView(project: Project, order: Order | undefined, stages: Stage[]): ProjectSummaryView {
  const { taskId, revision, brief, language, createdAt } = project;
  const error = order?.status === 'failed' ? errorOf(order) : undefined;
  const results = new Results(project, stages);
  return {
    taskId,
    status: statusOf(order),
    revision,
    businessName: brief.businessName,
    region: brief.region,
    language,
    createdAt: createdAt.toISOString(),
    ...(error && { error }),
    stages: stageNames.map(name => stageView(name, results, order)),
  };
}

export function projectView(project: Project, order: Order | undefined, stages: Stage[], images: Image[]): ProjectView {
  const { brief, music, video } = project;
  const summary = summaryView(project, order, stages);
  const results = new Results(project, stages);
  return {
    ...summary,
    stages: summary.stages.map(view => ({ ...view, ...detailsOf(view.stage, results, order) })),
    ...(brief.description && { description: brief.description }),
    music,
    video,
    images: images.map(imageView),
  };
}

function statusOf(order: Order | undefined): ProjectStatus {
  if (!order) return 'draft';
  if (!isFinal(order)) return 'processing';
  if (order.status === 'failed' || order.status === 'cancelled') return order.status;
  return order.lastStage === 'video' ? 'completed' : 'waiting';
}

function errorOf({ errorCode, errorReason, retryable }: Order): ErrorView {
  return { code: errorCode ?? 'UNKNOWN', reason: errorReason ?? '', retryable: retryable ?? true };
}

function stageView(name: StageName, results: Results, order: Order | undefined): StageView {
  const [newest] = results.attempts(name);
  if (!newest) return { stage: name, status: 'pending', revision: 0, stale: false };
  const current = results.current(name);
  return {
    stage: name,
    ...attemptView(newest, order),
    ...(current && { result: current.revision }),
    stale: !!current && results.isStale(current),
  };
}

function attemptView(attempt: Stage, order: Order | undefined): AttemptView {
  const { revision, startedAt, endedAt, paid } = attempt;
  const { status, error } = standing(attempt, order);
  return {
    status,
    revision,
    paid,
    ...(startedAt && { startedAt: startedAt.toISOString() }),
    ...(attempt.isOver() && endedAt && { endedAt: endedAt.toISOString() }),
    ...(error && { error }),
  };
}

/** An order that has ended has no stage that runs, whatever is still to be heard of it. */
function standing(attempt: Stage, order: Order | undefined): { status: StageStatus; error?: ErrorView } {
  const status = attempt.status();
  if (status === 'failed' && attempt.error) {
    const { code, reason, retryable } = attempt.error;
    return { status, error: { code, reason, retryable } };
  }
  if (attempt.isOver() || order?.revision !== attempt.revision || !isFinal(order)) return { status };
  return order.failedStage === attempt.name ? { status: 'failed', error: errorOf(order) } : { status: 'cancelled' };
}

/** What counts of the stage, and everything there is to choose from. */
function detailsOf(
  name: StageName,
  results: Results,
  order: Order | undefined,
): Pick<StageView, 'output' | 'attempts'> {
  const current = results.current(name);
  const attempts = results.attempts(name).map(attempt => ({
    ...attemptView(attempt, order),
    stale: results.isStale(attempt),
  }));
  return { attempts, ...(current?.output && { output: outputOf(current, results) }) };
}

/** Without the provider's own addresses: files are fetched by our links. */
function outputOf(stage: Stage, results: Results): object {
  if (!stage.output || !('tracks' in stage.output)) return stage.output ?? {};
  const { title, tracks } = stage.output;
  return { title, tracks: tracks.map(({ url: _, ...track }) => track), chosenTrackId: results.trackOf(stage) };
}
