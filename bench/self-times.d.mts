interface Frame {
  name: string;
  where: string;
  time: number;
  isOurs: boolean;
}
export function selfTimes(
  profile: import('node:inspector').Profiler.Profile,
  files: string[],
): { busy: number; share: number; frames: Frame[] };
