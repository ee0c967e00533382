import { ApiProperty } from '@nestjs/swagger';

/** Which project a view is about; `taskId` is what it was called first. */
export class OfProjectView {
  @ApiProperty({ format: 'uuid' })
  projectId!: string;

  @ApiProperty({ format: 'uuid', deprecated: true, description: 'The same; use `projectId`.' })
  taskId!: string;
}

export const ofProject = (taskId: string): OfProjectView => ({ projectId: taskId, taskId });
