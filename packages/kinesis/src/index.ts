export { captureRows, type RowCapture, rowEntity } from '@tidings/relay';
