import { messagingMigrations } from '@castad/messaging';
import { workerMigrations } from '@castad/worker';
import { AddOrderDrafts } from './add-order-drafts.ts';
import { AddOrderLyric, AddStageWaiting } from './add-waiting.ts';
import { AddProjectWithoutPhotos } from './add-without-photos.ts';
import { AddStageFormat } from './add-stage-format.ts';
import { CreateFeed, PlaceEvents } from './create-feed.ts';
import { AddOrderStage, AddProjectChoices, CopyStages, CreateStageAttempt } from './keep-attempts.ts';
import { AddCanonicalRequest } from './add-canonical-request.ts';
import { DefaultJobColumns } from './default-job-columns.ts';
import { WidenOrderStages, WidenStages } from './widen-stages.ts';
import { CreateProject } from './create-project.ts';
import { AddProjectLabels, IndexOrderTimes, IndexProjectEvents, KeepAnswers } from './serve-clients.ts';
import { AddImageOriginal } from './add-image-original.ts';
import { IndexKeyTasks } from './index-key-tasks.ts';
import { AddFilmFormat, IndexFilmFormats, IndexProjectLanguages } from './index-results.ts';
import { AddEventEstimate, AddOrderEstimate } from './keep-estimates.ts';
import { IndexDrafts, IndexOrderStatuses, IndexProjectNames } from './index-lists.ts';

export const migrations = [
  ...messagingMigrations,
  ...workerMigrations,
  { name: '0003-project', class: CreateProject },
  { name: '0004-feed', class: CreateFeed },
  { name: '0005-places', class: PlaceEvents },
  { name: '0006-stage-attempt', class: CreateStageAttempt },
  { name: '0007-copy-stages', class: CopyStages },
  { name: '0008-project-choices', class: AddProjectChoices },
  { name: '0009-order-stage', class: AddOrderStage },
  { name: '0010-order-lyric', class: AddOrderLyric },
  { name: '0011-stage-waiting', class: AddStageWaiting },
  { name: '0012-canonical-request', class: AddCanonicalRequest },
  { name: '0013-without-photos', class: AddProjectWithoutPhotos },
  { name: '0014-project-names', class: IndexProjectNames },
  { name: '0015-drafts', class: IndexDrafts },
  { name: '0016-order-statuses', class: IndexOrderStatuses },
  { name: '0017-order-defaults', class: DefaultJobColumns },
  { name: '0018-project-labels', class: AddProjectLabels },
  { name: '0019-project-events', class: IndexProjectEvents },
  { name: '0020-order-times', class: IndexOrderTimes },
  { name: '0021-answers', class: KeepAnswers },
  { name: '0022-stage-format', class: AddStageFormat },
  { name: '0025-film-format', class: AddFilmFormat },
  { name: '0026-film-formats', class: IndexFilmFormats },
  { name: '0027-project-languages', class: IndexProjectLanguages },
  { name: '0028-image-original', class: AddImageOriginal },
  { name: '0029-order-estimate', class: AddOrderEstimate },
  { name: '0030-event-estimate', class: AddEventEstimate },
  { name: '0031-key-tasks', class: IndexKeyTasks },
  { name: '0034-order-drafts', class: AddOrderDrafts },
  { name: '0035-stage-names', class: WidenStages },
  { name: '0036-order-stages', class: WidenOrderStages },
];
