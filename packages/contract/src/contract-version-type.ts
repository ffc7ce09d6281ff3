type CompareDigits<Left, Right> = Left extends Right
  ? 'same'
  : '0123456789' extends `${string}${Left & string}${string}${Right & string}${string}`
    ? 'less'
    : 'greater';

/** Compares digits from the left; the longer number is greater, whatever its digits say. */
type CompareNumbers<
  Left extends string,
  Right extends string,
  SoFar extends string = 'same',
> = Left extends `${infer LeftDigit}${infer LeftRest}`
  ? Right extends `${infer RightDigit}${infer RightRest}`
    ? CompareNumbers<
        LeftRest,
        RightRest,
        SoFar extends 'same' ? CompareDigits<LeftDigit, RightDigit> : SoFar
      >
    : 'greater'
  : Right extends ''
    ? SoFar
    : 'less';

type IsLess<Left, Right> = Left extends `${infer LeftMajor}.${infer LeftMinor}`
  ? Right extends `${infer RightMajor}.${infer RightMinor}`
    ? CompareNumbers<LeftMajor, RightMajor> extends infer Majors
      ? Majors extends 'same'
        ? CompareNumbers<LeftMinor, RightMinor> extends 'less'
          ? true
          : false
        : Majors extends 'less'
          ? true
          : false
      : false
    : false
  : false;

type MajorOf<Version> = Version extends `${infer Major}.${string}` ? Major : never;

type LowerMinor<Version, All> = All extends string
  ? MajorOf<All> extends MajorOf<Version>
    ? IsLess<All, Version> extends true
      ? All
      : never
    : never
  : never;

/** The minor in front of a version among all of its major; never for the first. */
export type PreviousMinor<Version extends string, All extends string> = LatestVersion<
  LowerMinor<Version, All>
>;

/** The highest of a union of versions: `'1.0' | '2.0' | '10.1'` -> `'10.1'` */
export type LatestVersion<Versions extends string> = {
  [Version in Versions]: true extends IsLess<Version, Versions> ? never : Version;
}[Versions];

/** The version itself where it is `major.minor` or no literal, else the sentence. */
export type CheckedVersion<Version extends string> = string extends Version
  ? Version
  : Version extends `${bigint}.${bigint}`
    ? Version
    : `version must be 'major.minor', such as '1.0', got '${Version}'`;
