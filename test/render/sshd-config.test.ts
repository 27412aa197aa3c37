import { expect } from 'chai'
import { includesFirst, place, readFiles, readSshd, readSshdFile, winner } from '../../src/render/sshd-config.js'

const main = '/etc/ssh/sshd_config'
const folder = '/etc/ssh/sshd_config.d'
const read = (text: string) => readSshdFile(text, main)

describe('sshd_config, one file', () => {
  it('is read into directives with their place', () => {
    expect(read('# c\n  Port 22\nPermitRootLogin=no\nAcceptEnv LANG "LC_*"\n')).to.deep.equal([
      { path: main, line: 2, keyword: 'port', args: ['22'] },
      { path: main, line: 3, keyword: 'permitrootlogin', args: ['no'] },
      { path: main, line: 4, keyword: 'acceptenv', args: ['LANG', 'LC_*'] },
    ])
  })

  it('lockout 5: knows what a Match block swallows', () => {
    const lines = read(
      'UsePAM yes\nMatch User a,b Address 10.0.0.0/8\n  X11Forwarding no\n\n# end\nPasswordAuthentication no\nMatch all\nBanner none\n',
    )
    expect(lines.map(({ keyword, match }) => [keyword, match?.join(' ')])).to.deep.equal([
      ['usepam', undefined],
      ['x11forwarding', 'User a,b Address 10.0.0.0/8'],
      ['passwordauthentication', 'User a,b Address 10.0.0.0/8'],
      ['banner', 'all'],
    ])
  })

  it('drops a comment behind the value, and reads "=" with blanks and quotes as sshd does', () => {
    expect(read('UsePAM = yes # really\nForceCommand "a # b"\n')).to.deep.equal([
      { path: main, line: 1, keyword: 'usepam', args: ['yes'] },
      { path: main, line: 2, keyword: 'forcecommand', args: ['a # b'] },
    ])
  })

  it('has words in quotes of both kinds, wherever in a word they stand, and behind backslashes', () => {
    const words = (line: string): readonly string[] | undefined => read(`${line}\n`)[0]?.args
    expect(words("Include '/etc/ssh/office.conf' '/a b'")).to.deep.equal(['/etc/ssh/office.conf', '/a b'])
    expect(words(`AcceptEnv "it's" 'say "x"' # 'no'`)).to.deep.equal(["it's", 'say "x"'])
    expect(words(`AcceptEnv a"b c"'d e'f "" '#g'`)).to.deep.equal(['ab cd ef', '', '#g'])
    expect(words(String.raw`AcceptEnv a\ b \"c\\ "d\"e" 'f\'g' \h "i\ j"`)).to.deep.equal([
      'a b',
      '"c\\',
      'd"e',
      "f'g",
      '\\h',
      'i\\ j',
    ])
    const lines = read(`Match User="ada" Group='domain users'\nBanner none\n`)
    expect(lines[0]?.match).to.deep.equal(['User=ada', 'Group=domain users'])
  })

  it('lockout 6: is refused with CRLF or a byte-order mark', () => {
    expect(() => read('Port 22\r\n'))
      .to.throw('sshd_config:1 has a carriage return')
      .with.property('exit', 'refused')
    expect(() => read('\uFEFFPort 22\n')).to.throw('byte-order mark')
  })
})

describe('whether the drop-ins win', () => {
  const first = (text: string) => includesFirst(text, main, folder)
  it('is read from the file', () => {
    expect(first('# x\n\nInclude /etc/ssh/sshd_config.d/*.conf\nUsePAM yes\n')).to.equal(true)
    expect(first('include "sshd_config.d/*.conf"\n')).to.equal(true)
    expect(first('Include /etc/ssh/sshd_config.d/*.conf /etc/ssh/other.conf\n')).to.equal(true)
  })

  it('is denied where anything comes before, or the Include is inside a Match, or is another one', () => {
    expect(first('Port 22\nInclude /etc/ssh/sshd_config.d/*.conf\n')).to.equal(false)
    expect(first('Match all\nInclude /etc/ssh/sshd_config.d/*.conf\n')).to.equal(false)
    expect(first('Include /etc/ssh/sshd_config.d/50-*.conf\n')).to.equal(false)
    expect(first('Include /etc/ssh/other.conf /etc/ssh/sshd_config.d/*.conf\n')).to.equal(false)
    expect(first('#Include /etc/ssh/sshd_config.d/*.conf\n')).to.equal(false)
    expect(first('')).to.equal(false)
  })
})

describe('sshd_config with its Includes', () => {
  const files = [
    { path: main, content: 'Include /etc/ssh/sshd_config.d/*.conf\nUsePAM no\nMatch User x\nInclude late.conf\n' },
    { path: `${folder}/50-b.conf`, content: 'UsePAM yes\n' },
    { path: `${folder}/10-a.conf`, content: 'Match Group g\nBanner none\n' },
    { path: `${folder}/.hidden.conf`, content: 'Port 1\n' },
    { path: `${folder}/off.conf.bak`, content: 'Port 2\n' },
    { path: '/etc/ssh/late.conf', content: 'PermitTTY no\nMatch Group h\nPermitTunnel no\n' },
  ]

  it('is read in the order of sshd; a Match ends with its file, and one inside an included file narrows', () => {
    const lines = readSshd(files, main).map((directive) => [
      place(directive),
      directive.keyword,
      directive.match?.join(' '),
    ])
    expect(lines).to.deep.equal([
      [`${folder}/10-a.conf:2`, 'banner', 'Group g'],
      [`${folder}/50-b.conf:1`, 'usepam', undefined],
      [`${main}:2`, 'usepam', undefined],
      ['/etc/ssh/late.conf:1', 'permittty', 'User x'],
      ['/etc/ssh/late.conf:3', 'permittunnel', 'User x Group h'],
    ])
  })

  it('lockout 3: the first value wins', () => {
    expect(winner(readSshd(files, main), ['usepam'])).to.include({ path: `${folder}/50-b.conf` })
    expect(winner(readSshd(files, main), ['banner'])).to.equal(undefined)
  })

  it('names every file that is read, one without a setting too', () => {
    const empty = [
      { path: main, content: 'Include corp/*.conf\n' },
      { path: '/etc/ssh/corp/a.conf', content: '# nothing yet\nInclude /opt/b.conf\n' },
      { path: '/opt/b.conf', content: 'Include /etc/ssh/corp/a.conf' },
      { path: '/opt/c.conf', content: '' },
    ]
    expect(readFiles(empty, main)).to.deep.equal([main, '/etc/ssh/corp/a.conf', '/opt/b.conf'])
  })

  it('includes what its patterns match, as glob(7) has them', () => {
    const names = ['a.conf', 'b.conf', '.c.conf', '1.conf', 'x]y.conf', 'd*.conf', 'sub/b.conf']
    const found = (pattern: string): string[] => {
      const included = names.map((name) => ({ path: `${folder}/${name}`, content: '' }))
      const read = readFiles([{ path: main, content: `Include ${folder}/${pattern}\n` }, ...included], main)
      return read.slice(1).map((file) => file.slice(folder.length + 1))
    }
    expect(found("'a.conf'")).to.deep.equal(['a.conf'])
    for (const not of ['!', '^'])
      expect(found(`[${not}a]*.conf`)).to.deep.equal(['1.conf', 'b.conf', 'd*.conf', 'x]y.conf'])
    expect(found('[0-9]*.conf')).to.deep.equal(['1.conf'])
    expect(found('[^.]?.conf')).to.deep.equal(['d*.conf'])
    expect(found('x[]z]y.conf')).to.deep.equal(['x]y.conf'])
    expect(found(String.raw`d\*.conf`)).to.deep.equal(['d*.conf'])
    expect(found('[.]c.conf')).to.deep.equal([])
    expect(found('[b.conf')).to.deep.equal([])
  })

  it('says through which file of the main one a deeper one is read', () => {
    const deep = [
      { path: main, content: 'Include /etc/ssh/sshd_config.d/*.conf\n' },
      { path: `${folder}/00-a.conf`, content: 'Include /opt/*.conf\nPort 1\n' },
      { path: '/opt/a.conf', content: 'Include /srv/b.conf\nUsePAM no\n' },
      { path: '/srv/b.conf', content: 'Banner none\n' },
    ]
    expect(readSshd(deep, main).map(({ path, through }) => [path, through])).to.deep.equal([
      ['/srv/b.conf', `${folder}/00-a.conf`],
      ['/opt/a.conf', `${folder}/00-a.conf`],
      [`${folder}/00-a.conf`, undefined],
    ])
  })

  it('ends where a file includes itself', () => {
    expect(readSshd([{ path: main, content: 'Include sshd_config\nPort 1\n' }], main).length).to.be.lessThan(20)
  })
})
