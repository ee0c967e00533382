import { stringOr, type Json } from '../../stand-in/call.ts';
import { degrees, fraction, pixels, seconds, type Size } from './lengths.ts';
import { animationsOf, transitionSeconds, type Timed } from './timeline.ts';

/** What its animations do to an element at one moment. */
export interface Motion {
  opacity: number;
  dx: number;
  dy: number;
  scale: number;
  /** Enlargement and place of the picture inside its frame, for pans. */
  zoom: number;
  panX: number;
  panY: number;
  /** How much of a text has appeared, and by what steps. */
  appeared: number;
  split: string | undefined;
}

const still: Motion = {
  opacity: 1,
  dx: 0,
  dy: 0,
  scale: 1,
  zoom: 1,
  panX: 0.5,
  panY: 0.5,
  appeared: 1,
  split: undefined,
};

export const animationTypes = new Set(['fade', 'slide', 'scale', 'pan', 'text-appear']);

export function motionAt({ element, start, end, isFollowing }: Timed, time: number, box: Size, frame: Size): Motion {
  return animationsOf(element).reduce((motion, animation) => {
    if (animation.transition === true && !isFollowing) return motion;
    const length = animation.transition === true ? transitionSeconds(element) : undefined;
    const progress = progressOf(animation, time - start, end - start, length);
    return moves[stringOr(animation.type)]?.(motion, animation, progress, box, frame) ?? motion;
  }, still);
}

/** How far an animation has come, from 0 to 1, its easing applied. */
export function progressOf(animation: Json, time: number, whole: number, stated = seconds(animation.duration)): number {
  const length = stated === undefined && animation.time === undefined ? whole : Math.min(stated ?? 1, whole / 2);
  const isAtEnd = animation.time === 'end';
  const start = isAtEnd ? whole - length : animation.time === 'start' ? 0 : (seconds(animation.time) ?? 0);
  const share = Math.min(1, Math.max(0, (time - start) / Math.max(0.001, length)));
  const eased = (easings[stringOr(animation.easing, 'quadratic-out')] ?? easings['quadratic-out']!)(share);
  return animation.reversed === true ? 1 - eased : eased;
}

export const easings: Record<string, (x: number) => number> = {
  linear: x => x,
  'quadratic-in': x => x * x,
  'quadratic-out': x => 1 - (1 - x) ** 2,
  'quadratic-in-out': x => (x < 0.5 ? 2 * x * x : 1 - 2 * (1 - x) ** 2),
  'cubic-in': x => x ** 3,
  'cubic-out': x => 1 - (1 - x) ** 3,
  'cubic-in-out': x => (x < 0.5 ? 4 * x ** 3 : 1 - 4 * (1 - x) ** 3),
  'sinusoidal-in-out': x => (1 - Math.cos(Math.PI * x)) / 2,
  'back-out': x => 1 + 2.7 * (x - 1) ** 3 + 1.7 * (x - 1) ** 2,
};

type Move = (motion: Motion, animation: Json, progress: number, box: Size, frame: Size) => Motion;

const between = (from: number, to: number, progress: number) => from + (to - from) * progress;

const moves: Record<string, Move> = {
  fade: (motion, _, progress) => ({ ...motion, opacity: motion.opacity * progress }),
  slide: (motion, animation, progress, box, frame) => {
    const angle = (degrees(animation.direction) * Math.PI) / 180;
    const away = 1 - progress;
    const faded = animation.fade === true ? motion.opacity * progress : motion.opacity;
    return {
      ...motion,
      opacity: faded,
      dx: motion.dx - Math.cos(angle) * away * pixels(animation.distance, box.width, frame, box.width),
      dy: motion.dy - Math.sin(angle) * away * pixels(animation.distance, box.height, frame, box.height),
    };
  },
  scale: (motion, animation, progress) => ({
    ...motion,
    scale: motion.scale * between(fraction(animation.start_scale, 0), fraction(animation.end_scale, 1), progress),
    opacity: animation.fade === true ? motion.opacity * progress : motion.opacity,
  }),
  pan: (motion, animation, progress) => ({
    ...motion,
    zoom: between(fraction(animation.start_scale, 1), fraction(animation.end_scale, 1), progress),
    panX: between(fraction(animation.start_x, 0.5), fraction(animation.end_x, 0.5), progress),
    panY: between(fraction(animation.start_y, 0.5), fraction(animation.end_y, 0.5), progress),
  }),
  'text-appear': (motion, animation, progress) => ({
    ...motion,
    appeared: progress,
    split: stringOr(animation.split, 'letter'),
  }),
};

/** The most a pan enlarges a picture: how large it has to be prepared. */
export function largestZoom(element: Json): number {
  const zooms = animationsOf(element).flatMap(({ type, start_scale, end_scale }) =>
    type === 'pan' ? [fraction(start_scale, 1), fraction(end_scale, 1)] : [],
  );
  return Math.max(1, ...zooms);
}
