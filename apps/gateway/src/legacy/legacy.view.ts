import type { Lyric } from '@castad/contracts';
import { canonicalId } from '@castad/platform';
import type { AttemptView, ProjectView, StageView } from '../project/project.dto.ts';
import type { LegacyStatus } from './legacy.dto.ts';

export interface Standing {
  status: LegacyStatus;
  error_message: string | null;
}

/** In the words of the former system. */
export const standingOf = ({ status, error }: AttemptView): Standing => {
  if (status === 'completed') return { status, error_message: null };
  if (status === 'failed' || status === 'cancelled')
    return { status: 'failed', error_message: error?.reason ?? 'The order was cancelled.' };
  return { status: 'processing', error_message: null };
};

/** Of a stage: a later attempt that failed does not take away the result that counts. */
export const standingAt = (stage: StageView): Standing => {
  const standing = standingOf(stage);
  return standing.status === 'failed' && isThere(stage) ? { status: 'completed', error_message: null } : standing;
};

/** Whether the stage has a result, made of what counts now. */
export const isThere = ({ result, stale }: StageView): boolean => result !== undefined && !stale;

export const stageIn = ({ stages }: ProjectView, name: StageView['stage']): StageView =>
  stages.find(({ stage }) => stage === name) as StageView;

/** Names one order of a film, so that nothing has to be looked up for it. */
export const renderIdOf = (taskId: string, revision: number): string => `${taskId}-${revision}`;

export function renderIn(renderId: string): { taskId: string; revision: number } | undefined {
  const [, id = '', revision = ''] = /^(.{36})-(\d{1,9})$/.exec(renderId) ?? [];
  const taskId = canonicalId(id);
  return taskId ? { taskId, revision: Number(revision) } : undefined;
}

export const textOf = ({ sections }: Lyric): string => sections.map(({ lines }) => lines.join('\n')).join('\n\n');
