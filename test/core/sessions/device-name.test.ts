import t from 'tap'
import { deviceNameOf } from '../../../src/core/sessions/device-name.js'

const chrome = 'AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0'

t.test('a device is called as its client names it, or else by what its user agent says', async t => {
  const names: Array<[userAgent: string | null, name: string | null]> = [
    [`Mozilla/5.0 (Windows NT 10.0; Win64; x64) ${chrome} Safari/537.36`, 'Chrome on Windows'],
    [`Mozilla/5.0 (Linux; Android 14; Pixel 8) ${chrome} Mobile Safari/537.36`, 'Chrome on Android'],
    ['Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0', 'Firefox on Linux'],
    ['MyApp/3 CFNetwork/1568.100.1 Darwin/24.0.0', 'MyApp'],
    ['curl/8.5.0', 'curl'],
    ['(iPad; CPU OS 17_0 like Mac OS X)', 'iPad'],
    ['<script>alert(1)</script>', null],
    ['', null],
    [null, null]
  ]
  for (const [userAgent, name] of names) {
    t.equal(deviceNameOf({ userAgent, deviceName: null }), name, String(userAgent))
    t.equal(deviceNameOf({ userAgent, deviceName: 'Work laptop' }), 'Work laptop')
  }
})
