import { stages as stageNames } from '@castad/contracts';
import { isFinal } from '@castad/worker';
import type { Image } from './image.entity.ts';
import type { Order } from './order.entity.ts';
import type {
  ErrorView,
  ImageView,
  OrderView,
  ProjectStatus,
  ProjectSummaryView,
  ProjectView,
  StageView,
} from './project.dto.ts';
import type { Project } from './project.entity.ts';
import type { Stage } from './stage.entity.ts';

export function orderView({ taskId, revision }: Order): OrderView {
  return { taskId, revision, status: 'processing' };
}

export function imageView({ imageId, contentType, size }: Image): ImageView {
  return { assetId: imageId, contentType, size };
}

export function summaryView(project: Project, order: Order | undefined, stages: Stage[]): ProjectSummaryView {
  const { taskId, revision, brief, language, createdAt } = project;
  const error = order?.status === 'failed' ? errorOf(order) : undefined;
  return {
    taskId,
    status: statusOf(order),
    revision,
    businessName: brief.businessName,
    region: brief.region,
    language,
    createdAt: createdAt.toISOString(),
    ...(error && { error }),
    stages: stageNames.map(name =>
      stageView(
        name,
        stages.find(stage => stage.name === name),
      ),
    ),
  };
}

export function projectView(project: Project, order: Order | undefined, stages: Stage[], images: Image[]): ProjectView {
  const { brief, music, video } = project;
  const summary = summaryView(project, order, stages);
  return {
    ...summary,
    stages: summary.stages.map(view => ({ ...view, ...outputOf(stages.find(({ name }) => name === view.stage)) })),
    ...(brief.description && { description: brief.description }),
    music,
    video,
    images: images.map(imageView),
  };
}

function statusOf(order: Order | undefined): ProjectStatus {
  if (!order) return 'draft';
  if (!isFinal(order)) return 'processing';
  if (order.status === 'failed') return 'failed';
  return order.lastStage === 'video' ? 'completed' : 'waiting';
}

function errorOf({ errorCode, errorReason, retryable }: Order): ErrorView {
  return { code: errorCode ?? 'UNKNOWN', reason: errorReason ?? '', retryable: retryable ?? true };
}

function stageView(name: (typeof stageNames)[number], stage: Stage | undefined): StageView {
  if (!stage) return { stage: name, status: 'pending', revision: 0 };
  const { revision, startedAt, endedAt, error } = stage;
  const status = stage.status();
  return {
    stage: name,
    status,
    revision,
    ...(startedAt && { startedAt: startedAt.toISOString() }),
    ...(stage.isOver() && endedAt && { endedAt: endedAt.toISOString() }),
    ...(status === 'failed' && error && { error }),
  };
}

/** What the stage made, without the provider's own addresses: files are fetched by our links. */
function outputOf(stage: Stage | undefined): Pick<StageView, 'output'> {
  if (!stage?.output) return {};
  if (!('tracks' in stage.output)) return { output: stage.output };
  const { tracks, ...song } = stage.output;
  return { output: { ...song, tracks: tracks.map(({ url: _, ...track }) => track) } };
}
