import { canonicalId, NotFound } from '@castad/platform';
import { Param, type PipeTransform } from '@nestjs/common';

const oneForm = (code: string, title: string): PipeTransform<string, string> => ({
  transform: text => {
    const id = canonicalId(text);
    if (!id) throw new NotFound(code, title);
    return id;
  },
});

/** The task of the path, in the form in which ids are stored and compared. What is no id at all is not found. */
export const TaskId = () => Param('taskId', oneForm('TASK_NOT_FOUND', 'There is no such project.'));

/** The photo of the path, likewise. */
export const ImageId = () => Param('imageId', oneForm('IMAGE_NOT_FOUND', 'The project has no such photo.'));
