import { deletedAmong } from '@castad/messaging';
import { AppError, NotFound } from '@castad/platform';
import type { EntityManager } from '@mikro-orm/mysql';
import { HttpStatus } from '@nestjs/common';

export class ProjectDeleted extends AppError {
  constructor() {
    super('PROJECT_DELETED', 'The project was deleted.', { status: HttpStatus.GONE });
  }
}

/** Why a project was not found. */
export async function absence(em: EntityManager, taskId: string): Promise<AppError> {
  const deleted = await deletedAmong(em, [taskId]);
  return deleted.has(taskId) ? new ProjectDeleted() : new NotFound('TASK_NOT_FOUND', 'There is no such project.');
}
