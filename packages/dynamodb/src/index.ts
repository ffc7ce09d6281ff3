export type { RowCapture } from '@tidings/relay';
