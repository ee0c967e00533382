import { canonicalId, NotFound } from '@castad/platform';
import { Param, type PipeTransform } from '@nestjs/common';

const oneForm: PipeTransform<string, string> = {
  transform: text => {
    const id = canonicalId(text);
    if (!id) throw new NotFound('TASK_NOT_FOUND', 'There is no such project.');
    return id;
  },
};

/** The task of the path, in the form in which ids are stored and compared. What is no id at all is not found. */
export const TaskId = () => Param('taskId', oneForm);
