import { canonicalId, NotFound } from '@castad/platform';
import { Param, type PipeTransform } from '@nestjs/common';

const oneForm = (code: string, title: string): PipeTransform<string, string> => ({
  transform: text => {
    const id = canonicalId(text);
    if (!id) throw new NotFound(code, title);
    return id;
  },
});

/** The project of the path, a task to all who are not clients, with its id as it is stored. What is no id is not found. */
export const TaskId = (name = 'projectId') => Param(name, oneForm('TASK_NOT_FOUND', 'There is no such project.'));

/** The revision of the path, which names an order of the project. */
export const Revision = () =>
  Param('revision', {
    transform: (text: string): number => {
      if (!/^[1-9]\d{0,8}$/.test(text)) throw new NotFound('ORDER_NOT_FOUND', 'The project has no such order.');
      return Number(text);
    },
  });

/** The image of the path, likewise. */
export const ImageId = () => Param('imageId', oneForm('IMAGE_NOT_FOUND', 'The project has no such photo.'));
