"""Given names and what people make of them: one line a name, its short forms and its forms in other languages."""

from __future__ import annotations

FORMS = """
alexander alex alec aleks aleksander aleksandr aleksandrs alexandre alejandro sandy sander sasha шура саша саня санёк
  шурик сашка alexandra aleksandra александр александра
alexey alexei alexis aleksejs aleksei алексей лёша лёха алёша alyosha lyosha
anastasia anastasija anastasiya nastya анастасия настя настёна stacy stasia
anatoly anatoli anatolijs анатолий толя толик tolya
andrew andrei andrey andrejs andris andre andreas andrzej andres андрей дюша andy drew
anna ann anne annie anya anja анна аня анюта нюра hanna hannah nyura
antony anthony anton antons antonio tony антон тоша антоша
arkady arkadijs аркадий кеша arkasha аркаша
artur arthur arturs артур art artie
artem artyom artjoms артём тёма tema tyoma
barbara varvara варвара варя barb babs varya
benjamin ben benny benji вениамин веня
boris boriss борис боря borya
carolyn caroline carol carrie karolina каролина
catherine katherine kathryn katharina katarina kate katie kathy cathy kat kitty katya katja ekaterina jekaterina
  yekaterina екатерина катерина катя катюша katrin katrina catalina trina
charles charlie chuck karl carl carlos карл charley
charlotte lottie char
christine christina kristina kristine kristin christin tina chris kris кристина
christopher kristofer christoph kit topher
constantine konstantin konstantins константин костя kostya
daniel dan danny daniil daniels danila даниил данила даня danya danijel
david dave davey davids давид
deborah debra deb debbie
demetrius dmitry dmitri dmitrijs dmitriy dima dimitri дмитрий дима митя димон mitya
denis dennis deniss денис дэн
diana diane дiana диана di
donald don donny ronald ron ronnie
dorothy dot dottie dora dorothea
edward ed eddie eduard eduards ted teddy ned эдуард эдик
eleanor ellie nell nora eleonora элеонора
elena helen helena jelena yelena елена лена алёна alena alyona lena helene ellen
elizabeth elisabeth elizaveta lisa liza eliza beth betty betsy liz lizzie elsa елизавета лиза лизавета elizabete libby
eugene yevgeny evgeny jevgenijs evgeniy евгений евгения женя gene zhenya evgenia yevgenia jevgenija eugenia
francis frank francisco franz frances fran frankie
frederick fred freddy friedrich fritz frederic
gabriel gabe gabriela gabrielle гавриил gabby
galina galja галина галя galya
george jorge georg georgy georgijs jurgis георгий гоша жора gosha юрий yuri yury jurijs juris юра yura jura
gerald gerry jerry
gleb глеб
gregory greg grigory grigorijs gregor григорий гриша grisha
harold harry henry hank heinrich henri enrique hal
ilya ilja ilia илья илюша elijah elias
inna inga инна инга
irene irina iryna irena ирина ира иришка ira
ivan ivans vanya иван ваня ванюша john jon johnny jack jan janis johann johannes hans juan jean jānis jonas
jacob jake jakob jakobs yakov яков яша jaime
james jim jimmy jamie diego
jennifer jen jenny jenn
jessica jess jessie
joan joanna joana johanna janna жанна jo
joseph joe joey josef jose jozef osip iosif иосиф осип
joshua josh
judith judy jude
julia julie julija yulia yuliya iuliia юлия юля yulya jule juliana
julian julius jules julio
kirill kirils cyril кирилл
larissa larisa лариса лара lara
laurence lawrence larry lars laurie lauren
leo leon leonard lenny leonid leonids леонид лёня лев lev lyonya leonardo
lydia lidia lidija лидия лида
louis lewis lou luis ludwig
louise luise luisa
ludmila lyudmila ljudmila людмила люда мила люся luda mila
maxim maksim maksims max максим макс maximilian
margaret margarita maggie meg peggy greta rita маргарита рита margarete margot
maria mary marija mariya marie masha мария маша маруся марья mariya molly polly
marina marinka марина
mark marcus marc marks marko марк
martha marta марфа марта
martin martins marty мартин
matthew matt matvey matthias mateo матвей mattias
michael mike mick mikhail mihails mihail misha mickey михаил миша miguel michel mikael mikko michal
natalia natalie nataly natalja natalya natasha nataliya наталья наталия наташа ната
nicholas nick nicky nikolai nikolay nikolajs nicolas klaus николай коля kolya никола nikolaus nico
nikita никита
nina ninа нина
oksana ксения xenia ksenia ksenija оксана ксюша ksyusha
oleg olegs олег
olga olya ольга оля
pamela pam
patricia pat patty trish tricia patrick paddy
paul pavel pavels paulo pablo павел паша pasha pauls
peter petr pyotr pjotr pete pedro pierre пётр петя петр petya peteris pēteris piotr
polina полина поля paulina
rachel rachael rae рахиль
raymond ray
rebecca becky becca
richard rick rich dick ricky ricardo rihards
robert bob bobby rob robbie bert roberts roberto роберт
roman romans роман рома roma
ruslan руслан
samuel sam sammy samantha самуил
sergey sergei sergejs serge sergio sergiy сергей серёжа серёга seryozha
sofia sophia sophie sofija sofya софия софья соня sonya sonja
stanislav stanislavs stas станислав стас stan stanley
stephen steven steve stephan stefan stepan stefans степан стёпа esteban
susan susanna suzanne sue susie suzy suzanna
svetlana света светлана sveta
tamara тамара тома toma
tatiana tatyana tatjana tanya tanja татьяна таня
theodore fyodor fedor fjodors feodor фёдор федя theo teodor fedya
theresa teresa terry tess tessa
thomas tom tommy toms tomas toomas фома томас
timothy tim timmy timofey timofejs тимофей тима тимоша
vadim vadims вадим vadik вадик
valentin valentina valentins валентин валентина валя valya
valery valeria valerijs valeriya валерий валерия валера лера valera lera
vasily basil vasilijs василий вася vasya
vera вера
veronica veronika вероника ника nika
victor viktor viktors виктор витя vitya
victoria viktoria viktorija виктория вика vika vicky tori
vincent vince vinny vincenzo
vitaly vitalijs виталий виталик
vladimir vladimirs владимир вова володя vova volodya
vladislav vladislavs владислав влад слава vlad slava vyacheslav вячеслав vjaceslavs
walter walt wally
william bill billy will willy wilhelm guillermo liam willie
yaroslav jaroslavs ярослав ярик
zachary zach zack zachariah zak
"""
"""Names of one line may be the same person's; so may those of two lines that share a form."""
